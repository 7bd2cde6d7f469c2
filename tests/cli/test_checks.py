"""The doctor: a healthy system is clean, and each thing that can go wrong is found by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cli import checks
from cli.checks import examine
from cli.dead_letters import DeadLetter
from cli.finding import Check, Finding
from tests.cli.operator_world import NOW, World
from tests.support.models import put_model, release
from urgency.bundle import ARRAYS, canonical_json
from urgency.errors import Unavailable
from urgency.records import NO_RELEASE


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FOLLOW_S", 0.0)


@pytest.fixture
def world() -> World:
    """Two files landed one after the other; version 2, which loads, serves everywhere."""
    world = World()
    for name in ("a.csv", "b.csv"):
        world.drop(name)
        world.reconcile()
    return world


def test_a_healthy_system_is_clean() -> None:
    world = World()
    assert examine(world.system, NOW) == []


def test_a_system_after_two_releases_has_nothing_but_models_that_cost_nothing(world: World) -> None:
    findings = examine(world.system, NOW)
    assert [finding.what[:9] for finding in findings] == [
        "Version 2"
    ]  # the fake trainer's arrays are no model
    assert "does not load" in findings[0].what


def test_a_champion_that_loads_is_clean() -> None:
    world = World()
    release(world.registry, put_model(world.registry, 1))
    assert _found(world, checks.champion_loads) == []


def test_a_corrupt_part_of_the_champion_is_found() -> None:
    world = World()
    manifest = put_model(world.registry, 1)
    release(world.registry, manifest)
    world.objects.corrupt(f"blobs/sha256/{manifest.parts[ARRAYS]}")
    (finding,) = _found(world, checks.champion_loads)
    assert "does not load" in finding.what


def test_a_pointer_to_another_manifest_is_found() -> None:
    world = World()
    release(world.registry, put_model(world.registry, 1))
    token, current = world.registry.current_release()
    world.registry.move_release(replace(current, epoch=2, manifest_sha256="0" * 64), token)
    (finding,) = _found(world, checks.champion_loads)
    assert "not the one that was released" in finding.what


def _lose_snapshot(world: World) -> None:
    world.objects.delete("snapshots/00000001.json")


def _lose_newest_manifest(world: World) -> None:
    world.objects.delete("models/00000002.json")


def _lose_blob(world: World) -> None:
    manifest = world.registry.manifest(1)
    assert manifest is not None
    world.objects.delete(f"blobs/sha256/{manifest.parts[ARRAYS]}")


def _forget_announcement(world: World) -> None:
    token, _epoch = world.registry.notified_epoch()
    world.registry.record_notified(1, token)


def _land_more(world: World) -> None:
    world.drop("c.csv")


def _empty_landing(world: World) -> None:
    world.landing.delete("incoming/a.csv")
    world.landing.delete("incoming/b.csv")


def _change_recipe(world: World) -> None:
    world.settings = replace(world.settings, missed_cost=9.0)


def _lose_receipt(world: World) -> None:
    name = next(
        found.name for found in world.landing.list("receipts/") if found.name.endswith(".json")
    )
    world.landing.delete(name)


def _leave_lease(world: World) -> None:
    _write_lease(world, NOW - timedelta(minutes=1))


def _bury_message(world: World) -> None:
    world.letters.append(DeadLetter("1", "on-csv-landed", "2026-01-02T03:04:05Z", 5))


def _hold_instance_back(world: World) -> None:
    world.service.epochs["http://two"] = 1


@pytest.mark.parametrize(
    ("harm", "check", "says"),
    [
        (_lose_snapshot, checks.snapshots_are_contiguous, "Missing snapshots: 1."),
        (_lose_newest_manifest, checks.newest_snapshot_is_trained, "Snapshot 2 has no model"),
        (_lose_blob, checks.models_are_whole, "Version 1 lacks arrays.npz"),
        (_forget_announcement, checks.release_is_announced, "epoch 2"),
        (_land_more, checks.landing_is_learned, "no run has read"),
        (_empty_landing, checks.landing_is_learned, "no CSV"),
        (_change_recipe, checks.landing_is_learned, "another recipe"),
        (_lose_receipt, checks.files_are_answered, "no receipt"),
        (_leave_lease, checks.lease_is_not_stale, "did not give back"),
        (_bury_message, checks.nothing_is_undelivered, "on-csv-landed"),
        (_hold_instance_back, checks.instances_follow, "http://two"),
    ],
)
def test_each_harm_is_found_by_its_check_alone(
    world: World, harm: Callable[[World], None], check: Check, says: str
) -> None:
    assert _found(world, check) == []
    harm(world)
    (finding,) = _found(world, check)
    assert says in finding.what
    assert finding.why
    assert finding.todo


def test_what_a_run_is_working_on_is_no_finding(world: World) -> None:
    world.drop("c.csv")
    _write_lease(world, NOW + timedelta(minutes=1))
    assert _found(world, checks.landing_is_learned) == []
    assert _found(world, checks.lease_is_not_stale) == []


def test_a_check_that_cannot_look_is_a_finding_and_the_others_go_on(world: World) -> None:
    def refuse(call: str) -> None:
        if call == "before list snapshots/":
            raise Unavailable("storage is down")

    world.objects.fault = refuse
    whats = [finding.what for finding in examine(world.system, NOW)]
    assert any("snapshots are contiguous: storage is down" in what for what in whats)
    assert any("does not load" in what for what in whats)


def test_the_doctor_writes_nothing(world: World) -> None:
    stores = (world.landing, world.objects, world.control)
    for store in stores:
        store.calls.clear()
    examine(world.system, NOW)
    assert [call for store in stores for call in store.calls if call.startswith("put")] == []


def test_before_the_first_release_there_is_nothing_to_follow() -> None:
    world = World()
    assert world.release == NO_RELEASE
    assert _found(world, checks.instances_follow) == []


def _found(world: World, check: Check) -> list[Finding]:
    return list(check(world.system, NOW))


def _write_lease(world: World, until: object) -> None:
    stored = world.control.get("lease.json")
    assert stored is not None
    assert json.loads(stored.body)["holder"] is None  # type: ignore[union-attr]
    world.control.put(
        "lease.json", canonical_json({"holder": "train-x", "until": str(until)}), stored.token
    )  # type: ignore[union-attr]
