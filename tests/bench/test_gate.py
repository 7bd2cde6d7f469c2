"""The gate on real fits: polluted files are held, clean ones promoted. bench.gate measures more."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.pollution import CLEAN, SEVERE
from bench.streams import read
from bench.trials import Trial, longest_hold, pollutions, weekly

TICKETS = Path(__file__).parents[2] / "data/tickets.csv"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_polluted_half_is_held_and_a_clean_one_promoted(seed: int) -> None:
    promoted = {name: trial.promoted for name, trial in pollutions(read(TICKETS, 900), seed)}
    assert promoted[CLEAN]
    assert not any(promoted[name] for name in SEVERE)


@pytest.mark.slow
def test_weekly_files_are_not_held_for_ever() -> None:
    stream = weekly(read(TICKETS, 900), seed=0)
    assert longest_hold(stream) <= 2 < len(stream)


def test_the_longest_hold_is_counted_between_promotions() -> None:
    stream = [Trial(letter == "P", 0.0) for letter in "PhhPhhhP"]
    assert longest_hold(stream) == 3
