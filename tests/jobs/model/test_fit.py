"""Fitting is deterministic, calibrated, and survives data that cannot be learned from."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.model.fit import FOLDS, fit, folds_of, platt
from jobs.model.metrics import metrics_of
from jobs.training import probabilities
from tests.support.job.frames import frame
from tests.support.models import small_manifest
from urgency.bundle import Bundle
from urgency.scorer import Scorer


def scorer_of(fitted: object) -> Scorer:
    manifest = small_manifest(
        1, bias=fitted.bias, unseen_idf=fitted.unseen_idf, weights=fitted.weights
    )
    return Scorer(Bundle(manifest, fitted.arrays, []))


def test_equal_rows_give_equal_bytes() -> None:
    one, other = fit(frame(300)), fit(frame(300))
    assert one.arrays.to_bytes() == other.arrays.to_bytes()
    assert (one.bias, one.weights, one.c) == (other.bias, other.weights, other.c)


def test_unseen_tickets_are_separated_with_probabilities_that_are_true() -> None:
    fitted, unseen = fit(frame(800)), frame(2_000, seed=1)
    metrics = metrics_of(probabilities(scorer_of(fitted), unseen), unseen["urgent"].to_numpy(), 0.5)
    assert metrics["roc_auc"] > 0.85
    assert metrics["ece"] < 0.05


def test_random_labels_give_every_ticket_about_the_base_rate() -> None:
    fitted, unseen = fit(frame(800, signal=0.5)), frame(1_000, seed=1, signal=0.5)
    assert abs(probabilities(scorer_of(fitted), unseen) - 0.3).mean() < 0.08


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.1), (1.0, 0.9, 1.0)])
def test_one_label_only_gives_its_base_rate(share: float, low: float, high: float) -> None:
    rows = frame(50, urgent_share=share)
    probability = probabilities(scorer_of(fit(rows)), rows)
    assert low <= probability.min() == probability.max() <= high


def test_no_rows_at_all_give_even_odds() -> None:
    assert fit(frame(0)).bias == 0.0


def test_copies_share_a_fold_and_labels_are_dealt_out_evenly() -> None:
    rows = frame(500)
    twice = rows["split_key"].tolist() * 2
    urgent = np.tile(rows["urgent"].to_numpy(), 2)
    fold = folds_of(rows["split_key"].__class__(twice), urgent, seed=0)
    assert (fold[:500] == fold[500:]).all()
    shares = [urgent[fold == k].mean() for k in range(FOLDS)]
    assert max(shares) - min(shares) < 0.03


def test_platts_slope_and_offset_find_the_true_sigmoid_and_never_turn_a_ranking_round() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=20_000)
    urgent = rng.random(20_000) < 1 / (1 + np.exp(-(2.0 * score - 1.0)))
    assert platt(score, urgent) == pytest.approx((2.0, -1.0), abs=0.06)
    assert platt(-score, urgent)[0] == 0.0
