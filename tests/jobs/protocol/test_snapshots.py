from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobs.protocol.snapshots import NAMES_KEPT, asked_at, due_files, list_landing, next_snapshot
from tests.support.storage.memory_store import MemoryStore
from urgency.records import LabelsAsked, Snapshot, SourceFile, snapshot_id
from urgency.registry import ASKED, Registry
from urgency.store import ABSENT

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def file(name: str, generation: int = 1) -> SourceFile:
    return SourceFile(f"incoming/{name}.csv", generation, 10, "AAAAAA==")


def snapshot(
    *files: SourceFile, before: Snapshot | None = None, forced_by: str | None = None
) -> Snapshot:
    return next_snapshot(before, files, "recipe", now=NOW, forced_by=forced_by)


def test_every_file_below_incoming_is_listed_oldest_first_and_no_folders_mark() -> None:
    times = iter(range(60))
    landing = MemoryStore(now=lambda: NOW.replace(second=next(times)))
    for name in (
        "incoming/b.csv",
        "incoming/team/a.CSV",
        "incoming/team/",
        "incoming/notes.pdf",
        "receipts/b.csv.1.json",
        "incoming/b.csv",
    ):
        landing.overwrite(name, name.encode())
    assert [(listed.name, listed.size) for listed in list_landing(landing)] == [
        ("incoming/team/a.CSV", 19),
        ("incoming/notes.pdf", 18),
        ("incoming/b.csv", 14),
    ]


def test_feedback_stands_behind_what_was_dropped_and_is_nothing_alone() -> None:
    times = iter(range(60))
    landing = MemoryStore(now=lambda: NOW.replace(second=next(times)))
    for name in ("feedback/b.jsonl", "feedback/a.jsonl", "feedback/x.csv"):
        landing.overwrite(name, b"{}")
    assert list_landing(landing) == ()
    landing.overwrite("incoming/a.csv", b"x")
    names = [listed.name for listed in list_landing(landing)]
    assert names == ["incoming/a.csv", "feedback/b.jsonl", "feedback/a.jsonl"]


SAID = SourceFile("feedback/a.jsonl", 1, 10, "AAAAAA==")
LATER = NOW.replace(hour=23)
TOMORROW = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("files", "recipe", "now", "is_due"),
    [
        ((file("a"), SAID), "recipe", LATER, False),
        ((file("a"), SAID), "recipe", TOMORROW, True),
        ((file("a", 2), SAID), "recipe", LATER, True),
        ((file("a"), file("b"), SAID), "recipe", LATER, True),
        ((file("a"), SAID), "another", LATER, True),
    ],
)
def test_feedback_comes_along_or_waits_for_the_next_day(
    files: tuple[SourceFile, ...], recipe: str, now: datetime, is_due: bool
) -> None:
    due = due_files(snapshot(file("a")), files, recipe, now, lambda: None)
    assert due == (files if is_due else (file("a"),))


def test_feedback_that_was_erased_is_not_waited_for() -> None:
    before = snapshot(file("a"), SAID)
    assert due_files(before, (file("a"),), "recipe", LATER, lambda: None) == (file("a"),)


def test_the_first_snapshot_takes_everything() -> None:
    assert due_files(None, (file("a"), SAID), "recipe", NOW, lambda: None) == (file("a"), SAID)


def test_numbers_count_on_from_the_snapshot_before() -> None:
    first = snapshot(file("a"))
    assert (first.n, snapshot(file("a"), file("b"), before=first).n) == (1, 2)


@pytest.mark.parametrize(
    ("same", "files", "recipe"),
    [
        (True, (file("b"), file("a")), "recipe"),
        (False, (file("a"), file("b", 2)), "recipe"),
        (False, (file("a"),), "recipe"),
        (False, (file("a"), file("b")), "another"),
    ],
)
def test_the_id_covers_generations_and_recipe_but_not_the_order(
    same: bool, files: tuple[SourceFile, ...], recipe: str
) -> None:
    assert (snapshot_id((file("a"), file("b")), "recipe") == snapshot_id(files, recipe)) is same


def test_two_snapshots_of_the_same_are_told_apart_by_their_nonce() -> None:
    assert snapshot(file("a")).id == snapshot(file("a")).id
    assert snapshot(file("a")).nonce != snapshot(file("a")).nonce


def test_the_cause_names_what_was_added_replaced_and_removed() -> None:
    before = snapshot(file("kept"), file("replaced"), file("removed"))
    cause = snapshot(file("kept"), file("replaced", 2), file("added"), before=before).cause
    assert cause == {
        "added": {"count": 1, "names": ["incoming/added.csv"]},
        "replaced": {"count": 1, "names": ["incoming/replaced.csv"]},
        "removed": {"count": 1, "names": ["incoming/removed.csv"]},
        "recipe_changed": False,
        "forced": False,
    }


def test_a_forced_snapshot_says_by_whom() -> None:
    forced = snapshot(file("a"), before=snapshot(file("a")), forced_by="run-7")
    assert (forced.forced_by, forced.cause["forced"]) == ("run-7", True)


def test_many_names_are_cut_and_counted() -> None:
    added = snapshot(*(file(str(number)) for number in range(NAMES_KEPT + 5))).cause["added"]
    assert (added["count"], len(added["names"])) == (NAMES_KEPT + 5, NAMES_KEPT)


def test_it_reads_back_as_written() -> None:
    written = snapshot(file("ä"), file("b"), forced_by="run-7")
    assert Snapshot.from_bytes(written.to_bytes()) == written


@pytest.mark.parametrize(("asked", "is_due"), [(NOW, False), (LATER, True)])
def test_what_drift_asked_for_is_not_waited_for(asked: datetime, is_due: bool) -> None:
    """`before` was made at NOW: what was asked for by then is in it."""
    before, files = snapshot(file("a")), (file("a"), SAID)
    due = due_files(before, files, "recipe", LATER, lambda: asked)
    assert due == (files if is_due else (file("a"),))


def test_what_drift_asked_for_is_read_and_a_damaged_record_hurries_nobody() -> None:
    registry = Registry(MemoryStore(), MemoryStore())
    assert asked_at(registry) is None
    registry.ask_labels(LabelsAsked(3, NOW), ABSENT)
    assert asked_at(registry) == NOW
    token, asked = registry.labels_asked()
    assert asked == LabelsAsked(3, NOW)
    registry.control.put(ASKED, b"{", token)
    assert asked_at(registry) is None
