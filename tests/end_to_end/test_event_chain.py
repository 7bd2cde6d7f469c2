"""Drop a CSV, get a better model: the whole chain with real processes, as a user drives it."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.state import running_stack, webhook_secret
from tests.functions.signed_webhooks import zendesk
from tests.support.cloud.live_stack import (
    CHECKOUT,
    LiveStack,
    live_stack,
    publish_heartbeat,
    run,
    user_environment,
)
from tests.support.waiting import eventually

SCORED = "ticket-scored"
TICKET = {
    "title": "Whole site is down",
    "description": "Nobody can check out since 9:00, all customers affected.",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def is_of_notices(line: dict[str, Any]) -> bool:
    """They go beside the chain."""
    return {line.get("topic"), line.get("subscription")} & {"notices", "on-notice"} != set()


def test_1_without_a_model_the_service_says_so_and_what_to_do(stack: LiveStack) -> None:
    answer = requests.post(f"{stack.instances[0]}/v1/predict", json=TICKET, timeout=60)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "Retry-After" in answer.headers
    assert "CSV" in answer.json()["detail"]
    assert stack.urgency("predict", "anything").code == 1


def test_2_a_dropped_csv_becomes_version_1_on_every_instance(stack: LiveStack) -> None:
    result = stack.urgency("drop", "data/tickets.csv", "--wait", "--json")
    assert result.code == 0, result.err
    [outcome] = result.json
    assert outcome["receipt"]["status"] == "accepted"
    assert outcome["receipt"]["verdict"]["decision"] == "PROMOTE"
    assert outcome["receipt"]["version"] == 1
    eventually(lambda: stack.serving() == [1, 1])


def test_3_every_hop_of_the_chain_is_on_the_timeline_in_order(stack: LiveStack) -> None:
    kinds = ("message_published", "push_delivered", "job_execution_started")
    lines = [line for line in stack.hops(*kinds) if not is_of_notices(line)]
    hops = [line["hop"] for line in lines]
    assert hops[:1] + hops[-2:] == ["message_published", "message_published", "push_delivered"]
    pushed = [line for line in lines if line["hop"] == "push_delivered"]
    pushes = {line["subscription"]: line["status"] for line in pushed}
    assert pushes == {"on-csv-landed": 200, "on-model-released": 200}
    assert {line["who"].split("@")[0] for line in stack.hops("job_execution_requested")} == {
        "urgency-trigger"
    }


def test_3_a_helpdesks_webhook_is_scored_by_that_version_and_announced(stack: LiveStack) -> None:
    running = running_stack(stack.home)
    assert running
    url = f"{running.urls.functions['on-ticket-webhook']}/zendesk"
    pairs = dict(pair.split("=", 1) for pair in webhook_secret(stack.home).split(","))
    headers, body = zendesk(time.time(), pairs["zendesk"])
    answer = requests.post(url, body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert 0 < answer.json()["probability"] < 1
    forged, _ = zendesk(time.time(), "another secret")
    assert requests.post(url, body, headers=forged, timeout=60).status_code == 401
    announced = [line for line in stack.hops("message_published") if line["topic"] == SCORED]
    assert [line["who"].split("@")[0] for line in announced] == ["urgency-webhook"]


def test_3_a_program_gets_a_token_as_the_page_of_the_api_says(stack: LiveStack) -> None:
    """Both snippets of docs/api.md, one after the other, in a process of their own."""
    page = (CHECKOUT / "docs/api.md").read_text()
    snippets = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    asks, is_operator = (one for one in snippets if "SERVICE" in one)
    program = is_operator.replace(".urgency/stack.json", str(stack.home.stack)) + asks
    environment = user_environment(stack.home.root)
    ran = run([sys.executable, "-c", program], environment, timeout_s=120)
    assert ran.code == 0, ran.err
    assert ran.out.strip() in ("urgent", "non-urgent")


def test_4_a_prediction_tells_its_reasons_and_they_add_up(stack: LiveStack) -> None:
    [answer] = stack.urgency("predict", json.dumps(TICKET), "--json").json["predictions"]
    explanation = answer["explanation"]
    assert answer["label"] == "urgent"
    for reason in explanation["reasons"]:
        start, end = reason["span"]
        assert TICKET[reason["field"]][start:end] == reason["word"]
    assert {"down", "Nobody", "customers"} & {reason["word"] for reason in explanation["reasons"]}


def test_5_the_second_week_gets_a_verdict_with_reasons_and_doctor_is_content(
    stack: LiveStack,
) -> None:
    result = stack.urgency("drop", "data/tickets_week2.csv", "--wait", "--json")
    [outcome] = result.json
    verdict = outcome["receipt"]["verdict"]
    assert result.code == {"PROMOTE": 0, "HOLD": 3}[verdict["decision"]]
    assert verdict["against"] == 1
    assert verdict["reasons"]
    doctor = eventually(lambda: (d := stack.urgency("doctor", "--json")).code == 0 and d)
    assert doctor.json["findings"] == []


def test_6_bad_rows_are_answered_by_line_and_never_repeated(stack: LiveStack) -> None:
    result = stack.urgency("drop", "data/bad.csv", "--wait", "--json")
    [outcome] = result.json
    receipt = outcome["receipt"]
    assert receipt["status"] == "partly"
    taken = receipt["accepted"] + receipt["duplicate"] + receipt["unlabelled"]
    assert receipt["records"] == taken + receipt["quarantined"]
    assert receipt["quarantined"] == len(receipt["problems"]) > 3
    shown = stack.urgency("receipts", "bad.csv").out
    for problem in receipt["problems"]:
        assert str(problem["line"]) in shown


def test_7_a_rollback_is_one_command_and_stays_until_resumed(stack: LiveStack) -> None:
    serving = max(stack.serving())
    back = stack.urgency("rollback", "--to", "1", "--reason", "the test says so", "--json")
    assert back.code == 0, back.err
    eventually(lambda: stack.serving() == [1, 1])
    stack.urgency("drop", "data/tickets_week2.csv", "--name", "again.csv", "--wait", "--json")
    assert stack.serving() == [1, 1], "automation moved a pinned pointer"
    assert stack.urgency("resume", "--json").code == 0
    assert serving >= 1
    story = stack.urgency("why", "1").out
    assert "the test says so" in story


def test_7_a_heartbeat_goes_all_the_way_and_status_tells_how_old_it_is(stack: LiveStack) -> None:
    def ages() -> list[float | None]:
        return [hop["age_s"] for hop in stack.urgency("status", "--json").json["heartbeat"]]

    publish_heartbeat(stack)
    eventually(lambda: None not in ages())
    lines = [json.loads(line) for line in stack.urgency("logs", "--json").out.splitlines()]
    *_before, last = [line for line in lines if line["event"] == "heartbeat"]
    assert (last["container"], last["fields"]["age_s"] >= 0) == ("on-model-released", True)


def test_8_a_replay_gives_the_same_digests(stack: LiveStack) -> None:
    result = stack.urgency("replay", "1", "--json")
    assert result.code == 0, result.out + result.err


def test_9_no_log_holds_ticket_text(stack: LiveStack) -> None:
    words = re.findall(r"[A-Za-z]{9,}", (CHECKOUT / "data/tickets.csv").read_text())
    rare = {word for word in words if words.count(word) == 1}
    logs = [path for path in (stack.home.root / "logs").rglob("*") if path.is_file()]
    assert len(logs) > 5
    for log in logs:
        assert not rare & set(re.findall(r"[A-Za-z]{9,}", log.read_text(errors="replace"))), (
            log.name
        )


def test_two_versions_are_compared_and_each_has_its_card(stack: LiveStack) -> None:
    found = stack.urgency("compare", "1", "2", "--json").json
    assert (found["a"]["version"], found["b"]["version"]) == (1, 2)
    assert found["tickets"] > 100
    assert found["a"]["in_short"] in stack.urgency("compare", "1", "2").out
    told = stack.urgency("card", "2")
    assert (told.code, "browser" in told.out) == (0, False)
    assert "Version 2" in Path(told.out.split()[-1]).read_text()


def test_a_dry_run_writes_nothing(stack: LiveStack, tmp_path: Path) -> None:
    before = stack.urgency("models", "--json").json
    result = stack.urgency("train", "--dry-run", "--json")
    assert result.code == 0, result.err
    assert stack.urgency("models", "--json").json == before
