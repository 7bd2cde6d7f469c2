"""A person who watches a run reads sentences; a machine reads JSON lines."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from jobs.console import SENTENCES, WatchedLog, sentence

FIELDS: dict[str, object] = {
    "n": 3, "version": 3, "epoch": 4, "rows": 7, "c": 2.0, "duration_s": 1.5,
    "files": 2, "file": "incoming/a.csv", "accepted": 5, "records": 6,
    "decision": "HOLD", "verdict": "HOLD", "reasons": "Too few.",
    "shard": 1, "shards": 4, "bad": 2, "reason": "There is no table in it.",
}  # fmt: skip


def watched(width: int = 200) -> tuple[WatchedLog, io.StringIO]:
    """A log for a person, and what is shown."""
    shown = io.StringIO()
    console = Console(file=shown, width=width, no_color=True)
    return WatchedLog({"execution": "train-1"}, status=console.status("Waiting ...")), shown


@pytest.mark.parametrize("event", SENTENCES)
def test_every_known_event_is_a_sentence_with_its_fields(event: str) -> None:
    shown = sentence(event, FIELDS)
    assert shown[0].isupper()
    assert shown.endswith((".", ")"))
    assert "{" not in shown


def test_an_event_without_a_sentence_shows_its_name_and_its_fields() -> None:
    fields = {"execution": "x", "reason": "gone"}
    assert sentence("lease_not_freed", fields) == "lease not freed: reason gone"
    assert sentence("lease_not_freed", {"execution": "x"}) == "lease not freed"


@pytest.mark.parametrize("severity", ["info", "warning", "error"])
def test_a_person_reads_one_line_for_each_event(severity: str) -> None:
    log, shown = watched()
    getattr(log.bind(files=2), severity)("snapshot_made", n=3)
    [line] = shown.getvalue().splitlines()
    assert line.endswith(sentence("snapshot_made", {"n": 3, "files": 2}))


@pytest.mark.parametrize("name", ["[bold]a.csv", "[/].csv", "[red", "a\\[b].csv"])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(name: str) -> None:
    log, shown = watched()
    log.info("file_read", file=name, accepted=5, records=6)
    assert name in shown.getvalue()


def test_without_a_person_the_lines_are_json() -> None:
    stream = io.StringIO()
    WatchedLog({"execution": "train-1"}, stream).info("snapshot_made", n=3)
    assert json.loads(stream.getvalue())["message"] == "snapshot_made"
