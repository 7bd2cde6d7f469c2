"""A week of ordinary tickets is steady, and the same with another product's is moved and says what:
counts of the real service, laid down by the sink, judged by the real job as itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
import requests
from google.cloud import run_v2
from google.oauth2.credentials import Credentials

from data.generator.rare_words import make_rare_rows
from data.generator.tickets import Recipe, Row, make_rows
from infra.local.pocket.identity import Identity
from infra.local.state import running_stack
from infra.local.wiring_file import load_wiring
from tests.support.cloud.live_stack import LiveStack, live_stack
from tests.support.waiting import eventually

WIRING = load_wiring()
WEEK = Recipe(rows=900, seed=77, start=date(2025, 10, 13), days=7)
FIELDS = ("title", "description", "source", "customer_tier")


def ask(stack: LiveStack, rows: Iterable[Row]) -> None:
    """Have these tickets scored, by each instance in turn."""
    tickets = [{name: getattr(row, name) for name in FIELDS} for row in rows]
    for number in range(0, len(tickets), 100):
        url = stack.instances[number // 100 % len(stack.instances)]
        body = {"instances": tickets[number : number + 100]}
        answer = requests.post(f"{url}/v1/predict", json=body, timeout=60)
        assert answer.status_code == 200, answer.text


def run_job(stack: LiveStack) -> None:
    """Start the drift job as Cloud Scheduler does, and wait for its end."""
    running = running_stack(stack.home)
    assert running
    identity = Identity(stack.home.cloud, WIRING)
    token = identity.access_token(identity.email("urgency-scheduler"))
    options = {"api_endpoint": running.urls.pocket}
    client = run_v2.JobsClient(
        transport="rest", credentials=Credentials(token), client_options=options
    )
    before = len(ended(stack))
    client.run_job(name=f"projects/{WIRING.project}/locations/{WIRING.region}/jobs/drift")
    eventually(lambda: len(ended(stack)) > before)


def ended(stack: LiveStack) -> list[dict[str, str]]:
    return [hop for hop in stack.hops("job_execution_ended") if hop["job"] == "drift"]


@pytest.mark.slow
def test_a_week_is_steady_and_another_products_week_is_moved(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with live_stack(home) as stack:
        assert stack.urgency("drop", "data/tickets.csv", "--wait").code == 0
        assert json.loads(stack.urgency("drift", "--json").out)["answer"] == "too few"
        ask(stack, make_rows(WEEK))
    # the end of an instance writes its counts, and the next start lays them down
    with live_stack(home) as stack:
        eventually(lambda: stack.hops("sink_written"))
        run_job(stack)
        found = stack.urgency("status", "--json").json["drift"]
        assert (found["answer"], found["unreadable"]) == ("steady", 0), found
        assert found["windows"]["last week"]["tickets"] == WEEK.rows
        assert "looks like what the model was trained on" in stack.urgency("drift").out
        ask(stack, make_rare_rows(WEEK))
    with live_stack(home) as stack:
        eventually(lambda: len(stack.hops("sink_written")) > 1)
        run_job(stack)
        found = stack.urgency("status", "--json").json["drift"]
        assert found["answer"] == "moved", found
        assert {"words", "known"} <= {move["family"] for move in found["moves"]}
        shown = requests.get(stack.instances[0], headers={"Accept": "text/html"}, timeout=60).text
        assert "Drift" in shown
        assert found["moves"][0]["what"].split(":")[0] in shown
        page = tmp_path / "drift.html"
        assert stack.urgency("drift", "--page", str(page)).code == 0
        assert "Drift: moved" in page.read_text()
        assert written_nowhere(stack), "no word of a ticket is in the counts"


def written_nowhere(stack: LiveStack) -> bool:
    """Whether no rare word of a ticket stands in the logs of the service."""
    words = {word for row in make_rare_rows(WEEK) for word in row.title.split() if len(word) > 7}
    logs = "".join(file.read_text() for file in stack.home.logs.glob("ticket-urgency-*.log"))
    return bool(words) and not any(word in logs for word in words)
