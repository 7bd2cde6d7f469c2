"""The words for people say the numbers of the tickets."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.model.metrics import metrics_of
from jobs.model.per_hundred import confusion, per_hundred, saving, saving_sentence, sentence

RNG = np.random.default_rng(7)
PROBABILITY = RNG.random(2000)
URGENT = RNG.random(2000) < PROBABILITY


def counted(found: int, missed: int, false_alarms: int, calm: int) -> dict[str, float]:
    """The metrics of so many tickets of each kind."""
    kinds = ((0.9, True, found), (0.1, True, missed), (0.9, False, false_alarms))
    rows = [(p, u) for p, u, n in (*kinds, (0.1, False, calm)) for _ in range(n)]
    probability, urgent = map(np.array, zip(*rows, strict=True))
    return metrics_of(probability, urgent.astype(bool), 0.5)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
def test_the_confusion_is_that_of_the_tickets(threshold: float) -> None:
    called = threshold <= PROBABILITY
    assert confusion(metrics_of(PROBABILITY, URGENT, threshold)) == {
        "found": (URGENT & called).sum(),
        "missed": (URGENT & ~called).sum(),
        "false_alarms": (~URGENT & called).sum(),
        "calm": (~URGENT & ~called).sum(),
    }


def test_of_a_hundred_tickets() -> None:
    metrics = counted(58, 6, 10, 126)
    assert per_hundred(metrics) == {"called": 34, "right": 29, "missed": 3}
    assert sentence(metrics) == "Of 100 tickets it calls 34 urgent, 29 of them are; it misses 3."
    assert sentence(metrics, "version 4").startswith("Of 100 tickets version 4 calls 34 urgent")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 30, 0, 170), "Of 100 tickets it calls none urgent; it misses 15."),
        ((20, 0, 0, 80), "Of 100 tickets it calls 20 urgent, 20 of them are; it misses none."),
        ((2, 15, 0, 183), "Of 100 tickets it calls 1 urgent, 1 of them is; it misses 8."),
        ((0, 15, 4, 181), "Of 100 tickets it calls 2 urgent, none of them is; it misses 8."),
        (
            (60, 1, 0, 339),
            "Of 100 tickets it calls 15 urgent, 15 of them are; it misses fewer than 1.",
        ),
        (
            (24, 6, 12, 1_458),
            "Of 1,000 tickets it calls 24 urgent, 16 of them are; it misses 4.",
        ),
    ],
)
def test_few_and_none_are_said_as_what_they_are(
    counts: tuple[int, int, int, int], said: str
) -> None:
    assert sentence(counted(*counts)) == said


def test_without_a_ticket_nothing_is_claimed() -> None:
    nothing = {"rows": 0.0}
    assert per_hundred(nothing) == {"called": 0, "right": 0, "missed": 0}
    assert sentence(nothing) == "No test ticket tells yet how good it is."
    assert saving_sentence(nothing, 5) == ""


def test_the_saving_is_against_the_cheaper_of_all_and_none() -> None:
    metrics = counted(29, 3, 5, 63)
    assert saving(metrics, 5) == pytest.approx(1 - (3 * 5 + 5) / 68)  # all urgent: 68 false alarms
    assert saving(metrics, 1) == pytest.approx(1 - (3 + 5) / 32)  # none urgent: 32 missed
    assert saving(counted(0, 0, 1, 9), 5) == 0.0
    assert saving_sentence(metrics, 5) == ""


def test_a_model_that_saves_little_says_so_and_against_what() -> None:
    assert saving_sentence(counted(30, 0, 68, 2), 5) == (
        "If a missed urgent ticket costs as much as 5 false alarms, it saves 3% of the cost against"
        " calling all of the tickets urgent."
    )
    assert saving_sentence(counted(2, 18, 3, 77), 1).endswith(
        "it saves nothing against calling none of the tickets urgent."
    )
