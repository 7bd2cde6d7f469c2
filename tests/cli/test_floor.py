from __future__ import annotations

from cli.releases import rolled_back
from urgency.records import Release


def test_the_champion_is_in_the_floor_of_a_rollback_although_it_was_listed_too_early() -> None:
    current = Release(7, 3, "3" * 64, 0, False, "train-x", "", "")
    after = rolled_back(current, 1, "1" * 64, versions=[1, 2])
    assert after.floor == 3
