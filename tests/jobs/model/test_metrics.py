"""Metrics are scikit-learn's where it has them, and right where it has not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from jobs.model import metrics
from jobs.model.metrics import (
    at_rate,
    expected_roc_auc,
    metrics_of,
    pr_auc_difference,
    reliability,
    roc_auc_with_error,
)


def sample(n: int, seed: int = 0, strength: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    urgent = rng.random(n) < 0.3
    probability = 1 / (1 + np.exp(-(rng.normal(size=n) + strength * urgent - 1)))
    return probability, urgent


def test_accuracy_precision_recall_and_f1_are_those_at_the_threshold() -> None:
    probability, urgent = np.array([0.9, 0.6, 0.4, 0.1]), np.array([True, False, True, False])
    metrics = metrics_of(probability, urgent, 0.5)
    at_threshold = [metrics[name] for name in ("accuracy", "precision", "recall", "f1")]
    assert at_threshold == [0.5] * 4
    assert metrics["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)


def test_one_label_or_no_row_leaves_out_what_cannot_be_said() -> None:
    assert metrics_of(np.array([]), np.array([], bool), 0.5) == {"rows": 0.0}
    assert "pr_auc" not in metrics_of(np.array([0.2, 0.3]), np.array([False, False]), 0.5)


def test_true_probabilities_have_a_small_calibration_error_and_false_ones_a_large_one() -> None:
    rng = np.random.default_rng(1)
    probability = rng.random(50_000)
    urgent = rng.random(50_000) < probability
    assert metrics_of(probability, urgent, 0.5)["ece"] < 0.01
    assert metrics_of(probability**3, urgent, 0.5)["ece"] > 0.2


def test_every_row_stands_in_one_bin_of_the_reliability_picture() -> None:
    probability, urgent = sample(1_000)
    bins = reliability(np.append(probability, [0.0, 1.0]), np.append(urgent, [True, True]))
    assert sum(of_one["rows"] for of_one in bins) == 1_002


def test_roc_aucs_error_holds_as_often_as_it_says() -> None:
    truth = np.mean([metrics_of(*sample(20_000, seed), 0.5)["roc_auc"] for seed in range(3)])
    found = np.array([roc_auc_with_error(*sample(200, seed)) for seed in range(1_000, 1_500)])
    above = found[:, 0] - norm.ppf(0.9) * found[:, 1] > truth
    assert 0.06 < np.mean(above) < 0.14


def test_true_probabilities_promise_the_roc_auc_that_comes_true() -> None:
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 3, 400).round(2)  # with ties
    came = []
    for _ in range(200):
        urgent = rng.random(400) < probability
        came.append(metrics_of(probability, urgent, 0.5)["roc_auc"])
    assert expected_roc_auc(probability) == pytest.approx(np.mean(came), abs=0.003)
    assert expected_roc_auc(np.ones(5)) == expected_roc_auc(np.zeros(5)) == 0.5
    assert expected_roc_auc(np.full(9, 0.3)) == pytest.approx(0.5)


def test_probabilities_are_moved_to_a_rate_and_keep_their_order() -> None:
    probability, urgent = sample(1_000)
    moved = at_rate(np.append(probability**3, [0.0, 1.0]), urgent.mean())
    assert moved.mean() == pytest.approx(urgent.mean())
    assert (np.argsort(moved[:-2]) == np.argsort(probability)).all()


def test_the_difference_centres_on_the_truth_and_is_nothing_for_equal_models() -> None:
    (better, urgent), worse = sample(1_500, strength=2.5), sample(1_500, seed=9)[0]
    difference = pr_auc_difference(better, worse, urgent)
    exact = average_precision_score(urgent, better) - average_precision_score(urgent, worse)
    assert np.median(difference) == pytest.approx(exact, abs=0.01)
    assert (pr_auc_difference(better, better, urgent) == 0).all()


def test_of_many_tickets_a_part_tells_the_spread_around_the_difference_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probability, urgent = sample(8_000)
    other = 1 / (1 + np.exp(-np.log(probability / (1 - probability)) - sample(8_000, 5)[0]))
    everything = pr_auc_difference(probability, other, urgent)
    monkeypatch.setattr(metrics, "BOOTSTRAP_ROWS", 2_000)
    part = pr_auc_difference(probability, other, urgent)
    assert np.median(part) == pytest.approx(np.median(everything), abs=0.2 * everything.std())
    assert part.std() == pytest.approx(everything.std(), rel=0.2)


def test_the_bootstraps_pr_auc_is_scikit_learns_with_ties_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "BOOTSTRAP_ROUNDS", 1)
    probability, urgent = sample(500)
    rounded = probability.round(1)
    drawn = np.random.default_rng(0).integers(500, size=500)
    [difference] = pr_auc_difference(rounded, np.zeros(500), urgent)
    theirs = average_precision_score(urgent[drawn], rounded[drawn])
    assert difference == pytest.approx(theirs - urgent[drawn].mean())
