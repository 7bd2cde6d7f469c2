from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.protocol.reconcile import may_release
from tests.support.job.job_in_memory import job_with_one_model
from urgency.records import NO_RELEASE


@pytest.mark.parametrize(
    ("champion", "floor", "pinned", "version", "allowed"),
    [
        (0, 0, False, 1, True),
        (2, 0, False, 3, True),
        (2, 0, False, 2, False),
        (3, 0, False, 2, False),
        (1, 2, False, 3, True),
        (1, 2, False, 2, False),
        (1, 3, False, 2, False),
        (1, 0, True, 2, False),
    ],
)
def test_automation_releases_only_above_champion_and_floor_and_never_past_a_pin(
    champion: int, floor: int, pinned: bool, version: int, allowed: bool
) -> None:
    release = replace(NO_RELEASE, champion=champion, floor=floor, pinned=pinned)
    assert may_release(release, version) is allowed


def test_the_version_that_was_rolled_back_is_not_released_again() -> None:
    job = job_with_one_model()
    first = job.pointer
    job.drop("week2.csv")
    job.run("run-2")
    token, second = job.registry.current_release()
    assert second.champion == 2
    back = replace(first, epoch=second.epoch + 1, floor=2)
    job.registry.move_release(back, token)
    job.run("run-3")
    assert job.pointer == back
    job.drop("week3.csv")
    job.run("run-4")
    assert job.pointer.champion == 3
