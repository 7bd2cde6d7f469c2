"""Calibration finds the true sigmoid."""

from __future__ import annotations

import numpy as np
import pytest

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
