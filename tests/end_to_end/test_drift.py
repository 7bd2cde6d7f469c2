"""A week of ordinary tickets is steady, and the same with another product's is moved and says what:
counts of the real service, laid down by the sink, judged by the real job as itself. It asks for
labels; what they teach is released, and the next week of both products is steady.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud import run_v2
from google.oauth2.credentials import Credentials

from data.generator.tickets import Recipe, Row, make_rows
from infra.local.pocket.identity import Identity
from infra.local.state import running_stack
from infra.local.wiring_file import load_wiring
from tests.support.cloud.live_stack import LiveStack, live_stack
from tests.support.waiting import eventually

WIRING = load_wiring()
WEEK = Recipe(rows=900, seed=77, start=date(2025, 10, 13), days=7)
BOTH = (replace(WEEK, rows=690, seed=78), replace(WEEK, rows=210, seed=79))
"""The next week, as much of the new product as the model has learned of it."""

FIELDS = ("title", "description", "source", "customer_tier")


def make_other_rows(recipe: Recipe) -> Iterator[Row]:
    """Tickets of a product in whose words nothing was known, urgent for reasons like any other."""
    for row in make_rows(recipe):
        title, text = (_turned(words) for words in (row.title, row.description))
        yield row._replace(ticket_id=f"NEW-{row.ticket_id}", title=title, description=text)


def _turned(text: str) -> str:
    return " ".join(word[::-1] for word in text.split(" "))


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
        ask(stack, make_other_rows(WEEK))
    with live_stack(home) as stack:
        eventually(lambda: len(stack.hops("sink_written")) > 1)
        runs = len(stack.hops("job_execution_ended"))
        run_job(stack)
        found = stack.urgency("status", "--json").json["drift"]
        assert found["answer"] == "moved", found
        assert "urgency label" in found["says"]
        # the check itself, and the training that it started as itself
        eventually(lambda: len(stack.hops("job_execution_ended")) == runs + 2)
        [asked] = [line for line in stack.hops("job_execution_requested") if of_drift(line)]
        assert asked["job"] == "train"
        [line] = stack.urgency("logs", "--json", "--run", asked["execution"]).out.splitlines()[-1:]
        assert json.loads(line)["event"] in {"heartbeat", "labels_asked"}
        assert {"words", "known"} <= {move["family"] for move in found["moves"]}
        shown = requests.get(stack.instances[0], headers={"Accept": "text/html"}, timeout=60).text
        assert "Drift" in shown
        assert found["moves"][0]["what"].split(":")[0] in shown
        page = tmp_path / "drift.html"
        assert stack.urgency("drift", "--page", str(page)).code == 0
        assert "Drift: moved" in page.read_text()
        assert written_nowhere(stack), "no word of a ticket is in the counts"
        run_job(stack)
        assert len([line for line in stack.hops("job_execution_requested") if of_drift(line)]) == 1
        drop_labels(stack, tmp_path)
        for recipe, make in zip(BOTH, (make_rows, make_other_rows), strict=True):
            ask(stack, make(recipe))
    with live_stack(home) as stack:
        eventually(lambda: len(stack.hops("sink_written")) > 2)
        run_job(stack)
        found = stack.urgency("status", "--json").json["drift"]
        assert (found["version"], found["answer"]) == (2, "steady"), found


def of_drift(requested: dict[str, Any]) -> bool:
    return requested["who"].startswith("urgency-drift")


def drop_labels(stack: LiveStack, folder: Path) -> None:
    """As the notice says: choose, fill in, drop."""
    rows = {row.ticket_id: row for row in make_other_rows(WEEK)}
    with (folder / "open.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ("ticket_id", *FIELDS), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row._asdict() for row in rows.values())
    chosen, filled = folder / "to_label.csv", folder / "labelled.csv"
    label = ("label", str(folder / "open.csv"), "--n", "900", "--output", str(chosen))
    assert stack.urgency(*label).code == 0
    with chosen.open(encoding="utf-8-sig") as source, filled.open("w", newline="") as target:
        asked = csv.DictReader(source)
        writer = csv.DictWriter(target, asked.fieldnames or ())
        writer.writeheader()
        writer.writerows(
            one | {"label_urgency": rows[one["ticket_id"]].label_urgency} for one in asked
        )
    dropped = stack.urgency("drop", str(filled), "--wait", "--json")
    assert dropped.code == 0, dropped.out


def written_nowhere(stack: LiveStack) -> bool:
    """Whether no rare word of a ticket stands in the logs of the service."""
    words = {word for row in make_other_rows(WEEK) for word in row.title.split() if len(word) > 7}
    logs = "".join(file.read_text() for file in stack.home.logs.glob("ticket-urgency-*.log"))
    return bool(words) and not any(word in logs for word in words)
