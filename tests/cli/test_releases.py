"""The operator's moves: what they write, what they refuse, and that each is announced."""

from __future__ import annotations

from functools import partial

import pytest

from cli.releases import end_pin, loadable, move, promoted, resumed, roll_back, rolled_back
from cli.usage_error import UsageError
from tests.cli.operator_world import NOW, OPERATOR, World
from tests.support.models import put_model, release
from urgency.bundle import ARRAYS
from urgency.records import NO_RELEASE, Release

CHAMPION_3 = Release(
    7, 3, "3" * 64, 1, False, "train-x", "the gate said PROMOTE", "2026-01-01T00:00:00Z"
)


@pytest.fixture
def world() -> World:
    """Versions 1 to 3, which load; 3 serves."""
    world = World()
    for version in (1, 2, 3):
        release(world.registry, put_model(world.registry, version))
    return world


def test_rollback_pins_and_keeps_every_version_of_today_out() -> None:
    after = rolled_back(CHAMPION_3, 2, "2" * 64, [1, 2, 3, 4])
    assert (after.champion, after.manifest_sha256, after.pinned, after.floor) == (
        2,
        "2" * 64,
        True,
        4,
    )


def test_rollback_never_lowers_the_floor() -> None:
    after = rolled_back(Release(7, 3, "3", 9, False, "", "", ""), 2, "2", [1, 2, 3])
    assert after.floor == 9


def test_rollback_to_a_newer_version_is_a_promotion_and_refused() -> None:
    with pytest.raises(UsageError, match="urgency promote 4"):
        rolled_back(CHAMPION_3, 4, "4", [1, 2, 3, 4])


def test_rollback_before_the_first_release_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to roll back"):
        rolled_back(NO_RELEASE, 1, "1", [1])


def test_promote_keeps_pin_and_floor() -> None:
    after = promoted(Release(7, 2, "2", 4, True, "", "", ""), 4, "4" * 64)
    assert (after.champion, after.pinned, after.floor) == (4, True, 4)


def test_promoting_what_serves_is_refused() -> None:
    with pytest.raises(UsageError, match="serves already"):
        promoted(CHAMPION_3, 3, "3" * 64)


def test_an_older_version_is_rolled_back_to_since_automation_would_move_on_from_it() -> None:
    with pytest.raises(UsageError, match="urgency rollback"):
        promoted(CHAMPION_3, 2, "2" * 64)


def test_resume_keeps_champion_and_floor() -> None:
    after = resumed(Release(8, 2, "2", 4, True, "", "", ""))
    assert (after.champion, after.floor, after.pinned) == (2, 4, False)


def test_resume_without_a_pin_is_refused() -> None:
    with pytest.raises(UsageError, match="not pinned"):
        resumed(CHAMPION_3)


def test_a_move_says_who_why_and_when_and_is_announced_once(world: World) -> None:
    after = roll_back(world.system, 2, "three is wrong")
    assert world.release == after
    assert (after.by, after.reason, after.epoch) == (OPERATOR, "three is wrong", 4)
    assert [(message.epoch, message.version) for message in world.published] == [(4, 2)]
    assert world.registry.notified_epoch()[1] == 4


def test_a_move_decides_again_when_another_write_came_first(world: World) -> None:
    seen: list[int] = []
    put_model(world.registry, 5)

    def decide(current: Release) -> Release:
        seen.append(current.epoch)
        if len(seen) == 1:  # the job releases between our read and our write
            release(world.registry, put_model(world.registry, 4))
        return promoted(current, 5, loadable(world.registry, 5))

    after = move(world.system, decide, "x", NOW)
    assert seen == [3, 4]
    assert after.epoch == 5


def test_a_version_that_does_not_load_cannot_be_rolled_back_to(world: World) -> None:
    manifest = world.registry.manifest(2)
    assert manifest is not None
    world.objects.corrupt(f"blobs/sha256/{manifest.parts[ARRAYS]}")
    with pytest.raises(UsageError, match="does not load"):
        roll_back(world.system, 2, "x")
    assert world.release.champion == 3
    assert world.published == []


def test_a_version_that_never_was_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="no version 9"):
        loadable(world.registry, 9)


def test_after_resume_automation_leaves_the_bad_version_where_it_is() -> None:
    world = World()
    world.drop("a.csv")
    world.reconcile()
    world.drop("b.csv")
    world.reconcile()
    pinned = partial(
        rolled_back, version=1, manifest_sha256=world.registry.manifest(1).sha256, versions=[1, 2]
    )
    move(world.system, pinned, "two is bad", NOW)
    _release, execution = end_pin(world.system, "go on")
    assert execution == "train-1"
    world.reconcile()
    assert world.release.champion == 1
    world.drop("c.csv")
    world.reconcile()
    assert world.release.champion == 3
