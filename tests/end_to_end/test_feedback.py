"""What people say, from the command line and the service to the next model, with real processes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.pocket.identity import Identity
from infra.local.wiring_file import load_wiring
from tests.support.cloud.live_stack import CHECKOUT, LiveStack, live_stack
from tests.support.waiting import eventually

SAID = {"title": "The whole shop answers with an error", "label": "urgent", "by": "ann"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(tmp_path_factory.mktemp("stack")) as running:
        assert running.urgency("drop", "data/tickets.csv", "--wait").code == 0
        eventually(lambda: running.serving() == [1, 1])
        yield running


def rows_of(file: Path, begin: int, count: int) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))[begin : begin + count]


def write(file: Path, rows: list[dict[str, str]], columns: list[str]) -> str:
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return str(file)


def laid(stack: LiveStack) -> int:
    """Labels that lie in the bucket."""
    return sum(line["messages"] for line in stack.hops("storage_written"))


def post(stack: LiveStack, account: str, body: Any) -> requests.Response:
    """To the front, which asks for the role as Cloud Run does."""
    front = json.loads((stack.home.root / "stack.json").read_text())["urls"]["service"]
    identity = Identity(stack.home.cloud, load_wiring())
    token = identity.id_token(identity.email(account), front)
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{front}/v1/feedback", json=body, headers=headers, timeout=60)


def test_1_a_caller_is_heard_and_a_person_without_the_role_is_not(stack: LiveStack) -> None:
    assert post(stack, "uploader", SAID).status_code == 403
    assert post(stack, "caller", SAID).json()["published"] == 1
    eventually(lambda: laid(stack) == 1)
    assert not stack.hops("storage_write_refused")


def test_2_labels_of_ids_and_of_tickets_starts_no_training(
    stack: LiveStack, tmp_path: Path
) -> None:
    known = rows_of(CHECKOUT / "data/tickets.csv", 0, 30)
    new = rows_of(CHECKOUT / "data/tickets_week2.csv", 0, 60)
    by_id = write(tmp_path / "ids.csv", known, ["ticket_id", "label_urgency"])
    whole = write(tmp_path / "new.csv", new, list(new[0]))
    runs = len(stack.hops("job_execution_started"))
    for file in (by_id, whole):
        result = stack.urgency("feedback", file, "--json")
        assert result.code == 0, result.err
    eventually(lambda: laid(stack) == 1 + 30 + 60)
    assert len(stack.hops("job_execution_started")) == runs
    assert stack.urgency("doctor", "--json").json["findings"] == []


def test_3_live_quality_speaks_of_new_tickets_only(stack: LiveStack) -> None:
    found = stack.urgency("quality", "--json").json
    assert (found["version"], found["learned"]) == (1, 30)
    assert found["tickets"] == 61
    assert found["recall"]["low"] < found["recall"]["high"]


def test_4_the_next_drop_learns_from_it_and_labels_that_were_asked_for_train(
    stack: LiveStack, tmp_path: Path
) -> None:
    week = rows_of(CHECKOUT / "data/tickets_week2.csv", 60, 500)
    without = [name for name in week[0] if name != "label_urgency"]
    output = tmp_path / "to_label.csv"
    asked = stack.urgency(
        "label", "--n", "40", write(tmp_path / "open.csv", week, without), "--output", str(output)
    )
    assert asked.code == 0, asked.err
    answers = {row["ticket_id"]: row["label_urgency"] for row in week}
    filled = rows_of(output, 0, 40)
    for row in filled:
        row["label_urgency"] = answers[row["ticket_id"]]
    write(output, filled, list(filled[0]))
    result = stack.urgency("drop", str(output), "--wait", "--json")
    [outcome] = result.json
    assert (outcome["receipt"]["accepted"], outcome["receipt"]["version"]) == (40, 2)
    files = stack.urgency("why", "2", "--json").json
    assert "feedback/" in json.dumps(files)


def test_5_after_that_the_labels_are_known(stack: LiveStack) -> None:
    assert stack.urgency("quality", "2", "--json").json["tickets"] == 0


def test_6_no_log_has_a_text_or_who_said_so(stack: LiveStack) -> None:
    logs = [*stack.home.root.rglob("*.log"), stack.home.timeline]
    assert len(logs) > 3
    for file in logs:
        written = file.read_text()
        assert SAID["title"] not in written, file
        assert "operator@" not in "".join(
            line for line in written.splitlines() if "feedback_published" in line
        )
