"""Ranks and curves are those of SciPy and scikit-learn, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn import metrics

from jobs.model.metrics import metrics_of
from jobs.model.ranking import average_precision, precision_recall_curve, ranks

RNG = np.random.default_rng(0)
SCORES = {
    "different": RNG.random(500),
    "many ties": RNG.integers(0, 7, 500) / 7,
    "all equal": np.full(500, 0.25),
    "float32": RNG.random(500).astype(np.float32),
}
URGENT = RNG.random(500) < 0.3


@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_ranks_and_curves_are_those_of_the_libraries(scores: np.ndarray) -> None:
    np.testing.assert_array_equal(ranks(scores), rankdata(scores))
    ours = precision_recall_curve(scores, URGENT)
    for own, theirs in zip(ours, metrics.precision_recall_curve(URGENT, scores), strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-12)
    theirs = metrics.average_precision_score(URGENT, scores)
    assert average_precision(scores, URGENT) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.6, 1.1])
@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_metrics_are_scikit_learns(scores: np.ndarray, threshold: float) -> None:
    ours, called = metrics_of(scores, URGENT, threshold), scores >= threshold
    theirs = {
        "precision": metrics.precision_score(URGENT, called, zero_division=0),
        "recall": metrics.recall_score(URGENT, called),
        "f1": metrics.f1_score(URGENT, called),
        "roc_auc": metrics.roc_auc_score(URGENT, scores),
    }
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, rel=1e-12)
