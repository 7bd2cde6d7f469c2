"""Dropping and following: names, generations, and every exit code that the design names."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from cli.landing import (
    JSON,
    DroppedFile,
    Outcome,
    follow,
    live_generation,
    newest_receipt_of,
    newest_receipts,
    object_name,
    read_outcome,
    read_receipt,
    upload,
)
from cli.usage_error import UsageError
from cli.watch import Hop, Watch
from tests.cli.operator_world import World
from urgency.errors import Gone


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "Tickets.CSV"
    file.write_text("title,label_urgency\nx,urgent\n")
    return file


@pytest.mark.parametrize(
    ("name", "lands"),
    [
        (None, "incoming/Tickets.CSV"),
        ("2026/june.csv", "incoming/2026/june.csv"),
        ("incoming/a.csv", "incoming/a.csv"),
    ],
)
def test_a_file_lands_below_incoming(csv: Path, name: str | None, lands: str) -> None:
    assert object_name(csv, name) == lands


@pytest.mark.parametrize("name", ["minutes.pdf", "june.xlsx", "no ending"])
def test_any_file_may_be_dropped_since_every_one_gets_an_answer(csv: Path, name: str) -> None:
    assert object_name(csv, name) == f"incoming/{name}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file .*absent\.csv"):
        object_name(tmp_path / "absent.csv", None)


def test_dropping_a_name_again_replaces_it(csv: Path) -> None:
    world = World()
    first = upload(world.landing, csv, "incoming/t.csv")
    second = upload(world.landing, csv, "incoming/t.csv")
    assert first.generation != second.generation
    assert [listed.generation for listed in world.landing.list("incoming/")] == [second.generation]


@pytest.mark.parametrize(("decision", "code"), [("PROMOTE", 0), ("HOLD", 3), ("REJECT", 4)])
def test_the_exit_code_is_the_verdict(csv: Path, decision: str, code: int) -> None:
    world, landed = _dropped(csv)
    watch = Watch(world.system, _ignore)
    world.reconcile(lambda _version, _champion: decision)
    outcome = _followed(world, landed, watch)
    assert outcome.exit_code == code
    assert decision in outcome.sentence
    assert outcome.receipt is not None
    assert outcome.receipt["generation"] == landed.generation


@pytest.mark.parametrize("status", ["quarantined", "set aside"])
def test_a_file_that_was_not_taken_has_its_own_exit_code(status: str) -> None:
    verdict = {"decision": "HOLD", "reasons": []}
    receipt = {"status": status, "verdict": verdict, "version": 1}
    assert read_outcome(DroppedFile("incoming/a.csv", 1), receipt).exit_code == 5


def test_an_empty_file_is_answered_with_the_code_of_one_that_was_not_taken(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    world, landed = _dropped(tmp_path / "empty.csv")
    watch = Watch(world.system, _ignore)
    world.reconcile()
    outcome = _followed(world, landed, watch)
    assert outcome.exit_code == 5
    assert outcome.receipt is not None
    assert outcome.receipt["status"] == "set aside"


def test_a_file_that_was_replaced_before_it_was_read_is_superseded(csv: Path) -> None:
    world, landed = _dropped(csv)
    upload(world.landing, csv, landed.name)
    outcome = _followed(world, landed, Watch(world.system, _ignore))
    assert outcome.exit_code == 6
    assert "replaced" in outcome.sentence


def test_waiting_ends_when_the_time_is_over(csv: Path) -> None:
    world, landed = _dropped(csv)
    outcome = _followed(world, landed, Watch(world.system, _ignore), timeout_s=0.05)
    assert outcome.exit_code == 6
    assert "doctor" in outcome.sentence


def test_a_promotion_is_over_when_every_instance_follows(csv: Path) -> None:
    world, landed = _dropped(csv)
    hops: list[Hop] = []
    watch = Watch(world.system, hops.append)
    world.reconcile()
    world.service.epochs["http://two"] = 0
    looks = itertools.count()
    instances = world.service.instances

    def later() -> list[object]:
        if next(looks) == 2:
            world.follow()
        return list(instances())

    world.service.instances = later  # type: ignore[assignment,method-assign]
    outcome = _followed(world, landed, watch)
    assert outcome.exit_code == 0
    assert [hop.detail for hop in hops if hop.stage == "reloaded"] == [
        "version 1 answers at http://one",
        "version 1 answers at http://two",
    ]


def test_the_newest_receipt_of_a_file_is_found_and_not_its_neighbours() -> None:
    world = World()
    for names in (("a.csv",), ("a.csv", "a.csv.1.csv")):
        world.drop(*names)
        world.reconcile()
    live = live_generation(world.landing, "incoming/a.csv")
    assert newest_receipt_of(world.landing, "a.csv") == f"receipts/a.csv.{live}"
    assert newest_receipt_of(world.landing, "incoming/a.csv") == f"receipts/a.csv.{live}"
    with pytest.raises(UsageError, match="a has no receipt yet"):
        newest_receipt_of(world.landing, "a")


def test_receipts_are_listed_newest_first_and_once_in_spite_of_two_forms() -> None:
    world = World()
    for name in ("a.csv", "b.csv", "c.csv"):
        world.drop(name)
        world.reconcile()
    newest = newest_receipts(world.landing, 2)
    assert [name.partition(".csv")[0] for name in newest] == ["receipts/c", "receipts/b"]


def test_a_receipt_that_is_deleted_after_it_was_listed_is_named() -> None:
    with pytest.raises(Gone, match=r"receipts/a\.csv\.1\.json"):
        read_receipt(World().landing, "receipts/a.csv.1", JSON)


def _dropped(csv: Path) -> tuple[World, DroppedFile]:
    world = World()
    return world, upload(world.landing, csv, "incoming/t.csv")


def _followed(
    world: World, landed: DroppedFile, watch: Watch, *, timeout_s: float = 5.0
) -> Outcome:
    return follow(world.landing, landed, watch, timeout_s)


def _ignore(_hop: Hop) -> None: ...
