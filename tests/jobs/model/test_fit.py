"""Fitting is deterministic, calibrated, and survives data that cannot be learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.model.fit import LARGE_FOLDS, SAMPLE, Fitted, fit
from jobs.model.metrics import metrics_of
from jobs.model.vectors import probabilities
from tests.support.job.frames import corpus, frame
from tests.support.models import small_manifest
from urgency.bundle import Bundle
from urgency.scorer import Scorer


def scorer_of(fitted: Fitted) -> Scorer:
    manifest = small_manifest(
        1,
        bias=fitted.bias,
        unseen_idf=fitted.unseen_idf,
        weights=fitted.weights,
        kinds=fitted.kinds,
    )
    return Scorer(Bundle(manifest, fitted.arrays, []))


def test_equal_rows_give_equal_bytes() -> None:
    one, other = fit(corpus(frame(300))), fit(corpus(frame(300)))
    assert one.arrays.to_bytes() == other.arrays.to_bytes()
    assert (one.bias, one.weights, one.c) == (other.bias, other.weights, other.c)


def test_unseen_tickets_are_separated_with_probabilities_that_are_true() -> None:
    fitted, unseen = fit(corpus(frame(800))), corpus(frame(2_000, seed=1))
    metrics = metrics_of(probabilities(scorer_of(fitted), unseen), unseen.urgent, 0.5)
    assert metrics["roc_auc"] > 0.85
    assert metrics["ece"] < 0.05


def test_what_the_model_says_of_its_own_tickets_is_what_the_scorer_says() -> None:
    rows = corpus(frame(400))
    fitted = fit(rows)
    np.testing.assert_allclose(fitted.seen, probabilities(scorer_of(fitted), rows), atol=1e-5)
    own, honest = (metrics_of(p, rows.urgent, 0.5) for p in (fitted.seen, fitted.out_of_fold))
    assert own["pr_auc"] > honest["pr_auc"] > 0.8


def test_random_labels_give_every_ticket_about_the_base_rate() -> None:
    fitted, unseen = fit(corpus(frame(800, signal=0.5))), corpus(frame(1_000, seed=1, signal=0.5))
    assert abs(probabilities(scorer_of(fitted), unseen) - 0.3).mean() < 0.08


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.1), (1.0, 0.9, 1.0)])
def test_one_label_only_gives_its_base_rate(share: float, low: float, high: float) -> None:
    rows = corpus(frame(50, urgent_share=share))
    probability = probabilities(scorer_of(fit(rows)), rows)
    assert low <= probability.min() == probability.max() <= high


def test_no_rows_at_all_give_even_odds() -> None:
    assert fit(corpus(frame(0))).bias == 0.0


@pytest.mark.parametrize("urgent", [0.0, 0.5, 1.0])
def test_tickets_without_source_and_tier_do_not_learn_from_that(urgent: float) -> None:
    """Whatever the labels of a file without them: their absence has no weight, only words have."""
    with_both = frame(600, seed=2)
    without = frame(600, seed=3, urgent_share=urgent, signal=0.5).assign(
        source="", customer_tier=""
    )
    together = corpus(pd.concat([with_both, without], ignore_index=True))
    fitted = fit(together)
    shares = {"email": 0.5, "phone": 0.5}
    average = sum(fitted.weights["source"][value] * shares[value] for value in shares)
    assert average == pytest.approx(0, abs=0.1)
    assert fitted.weights["customer_tier"]["gold"] == pytest.approx(0, abs=1e-6)


def test_a_large_corpus_is_fitted_like_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, unseen = corpus(frame(1_500)), corpus(frame(1_000, seed=5))
    whole = probabilities(scorer_of(fit(rows)), unseen)
    monkeypatch.setattr("jobs.model.fit.SAMPLE", 700)
    assert len(rows) > 700 < SAMPLE
    sampled = fit(rows)
    assert LARGE_FOLDS < 5
    pr_auc = [
        metrics_of(p, unseen.urgent, 0.5)["pr_auc"]
        for p in (whole, probabilities(scorer_of(sampled), unseen))
    ]
    assert pr_auc[1] > pr_auc[0] - 0.02
    assert not np.isnan(sampled.out_of_fold).any()
