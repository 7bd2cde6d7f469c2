"""Calibration finds the true sigmoid."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from jobs.model.calibrate import log_losses, platt, sigmoid


def test_platts_slope_and_offset_find_the_true_sigmoid_and_never_turn_a_ranking_round() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=20_000)
    urgent = rng.random(20_000) < 1 / (1 + np.exp(-(2.0 * score - 1.0)))
    assert platt(score, urgent) == pytest.approx((2.0, -1.0), abs=0.06)
    assert platt(-score, urgent)[0] == 0.0


def test_the_sigmoid_and_its_losses_stand_large_numbers() -> None:
    odds = np.array([-800.0, 0.0, 800.0])
    assert sigmoid(odds).tolist() == [0.0, 0.5, 1.0]
    assert log_losses(odds, np.array([True, True, False])) == pytest.approx([800, np.log(2), 800])


@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0])
def test_the_least_loss_is_scikit_learns(spread: float) -> None:
    """Soft targets are rows of both labels with weights."""
    rng = np.random.default_rng(1)
    score = rng.normal(size=3_000) * spread
    urgent = rng.random(3_000) < sigmoid(3 * score / spread - 2)
    n1, n0 = urgent.sum(), (~urgent).sum()
    target = np.where(urgent, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    twice = np.concatenate([score, score])[:, None] / spread
    theirs = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(
        twice, np.repeat([True, False], 3_000), np.concatenate([target, 1 - target])
    )
    slope, offset = platt(score, urgent)
    assert slope * spread == pytest.approx(float(theirs.coef_[0, 0]), rel=1e-6)
    assert offset == pytest.approx(float(theirs.intercept_[0]), rel=1e-6)


def test_scores_that_separate_the_labels_or_are_all_equal_are_calibrated_too() -> None:
    urgent = np.arange(100) < 40
    slope, offset = platt(np.where(urgent, 5.0, -5.0), urgent)
    assert sigmoid(slope * np.array([5.0, -5.0]) + offset) == pytest.approx([41 / 42, 1 / 62])
    assert platt(np.zeros(100), urgent) == (0.0, np.log(41 / 61))
