"""The cut follows the cost, and a capacity only ever raises it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from jobs.model.threshold import best_f1, cost_threshold, tickets_per_day, within_capacity


def test_the_cut_costs_least_when_probabilities_are_true() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    urgent = rng.random(200_000) < probability

    def cost(cut: float) -> float:
        missed, false_alarms = urgent & (probability < cut), ~urgent & (probability >= cut)
        return float(5 * missed.mean() + false_alarms.mean())

    best = cost_threshold(5.0)
    assert best == pytest.approx(1 / 6)
    assert all(cost(best) < cost(other) for other in (0.08, 0.12, 0.22, 0.3, 0.5))


def test_the_default_cut_has_the_best_f1_of_all() -> None:
    rng = np.random.default_rng(1)
    urgent = rng.random(2_000) < 0.2
    probability = np.clip(rng.normal(0.2 + 0.3 * urgent, 0.15), 0, 1).round(2)
    cut = best_f1(probability, urgent)
    best = f1_score(urgent, probability >= cut)
    assert best == max(f1_score(urgent, probability >= other) for other in np.unique(probability))
    assert cut not in probability  # between two, so that rounding moves no ticket across it
    assert best_f1(probability, np.zeros(2_000, bool)) == 0.5


def dates(rows: int, days: int) -> NDArray[np.datetime64]:
    return np.datetime64("2026-01-01", "s") + np.linspace(0, days * 86_400, rows).astype(int)


def test_a_capacity_calls_at_most_that_many_a_day() -> None:
    probability = np.linspace(0, 1, 801)  # 801 fitted rows in 10 days: 100 tickets arrive a day
    cut = within_capacity(0.1, probability, dates(801, 10), per_day=20)
    assert (probability >= cut).mean() == pytest.approx(0.2, abs=0.003)
    assert within_capacity(0.95, probability, dates(801, 10), per_day=20) == 0.95


def test_no_capacity_or_no_dates_leave_the_cut_alone() -> None:
    probability = np.linspace(0, 1, 100)
    assert within_capacity(0.1, probability, dates(100, 10), per_day=0) == 0.1
    assert within_capacity(0.1, probability, np.full(100, "NaT", "datetime64[s]"), per_day=1) == 0.1
    assert tickets_per_day(dates(100, 10)) == pytest.approx(10)
