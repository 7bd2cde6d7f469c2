"""Evaluate: probabilities and labels -> metrics."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

ECE_BINS = 10
CURVE_POINTS = 100

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def metrics_of(probability: Floats, urgent: Flags, threshold: float) -> dict[str, float]:
    """The seed's four at `threshold`, and the threshold-free ones beside them; those that need both
    labels may lack.

    probability: shape (n,), P(urgent).   urgent: shape (n,), bool.
    """
    if not len(urgent):
        return {"rows": 0.0}
    called = probability >= threshold
    precision, recall, f1, _ = precision_recall_fscore_support(
        urgent, called, average="binary", zero_division=0
    )
    metrics = {
        "rows": float(len(urgent)),
        "base_rate": float(urgent.mean()),
        "accuracy": float((called == urgent).mean()),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "brier": brier(probability, urgent),
        "ece": expected_calibration_error(probability, urgent),
    }
    if urgent.any() and not urgent.all():
        metrics["pr_auc"] = float(average_precision_score(urgent, probability))
        metrics["roc_auc"] = float(roc_auc_score(urgent, probability))
    return metrics


def brier(probability: Floats, urgent: Flags) -> float:
    """Mean squared error of the probability (Brier 1950)."""
    return float(np.mean((probability - urgent) ** 2))


def reliability(probability: Floats, urgent: Flags) -> list[dict[str, float]]:
    """Rows, mean probability and urgent share of each bin of equal width that has rows."""
    which = np.minimum((probability * ECE_BINS).astype(int), ECE_BINS - 1)
    bins = [(probability[which == k], urgent[which == k]) for k in np.unique(which)]
    return [
        {"rows": float(len(p)), "probability": float(p.mean()), "urgent": float(u.mean())}
        for p, u in bins
    ]


def precision_recall_points(probability: Floats, urgent: Flags) -> list[list[float]]:
    """[recall, precision] at CURVE_POINTS thresholds or fewer, recall falling from 1.

    At least one row has to be urgent.
    """
    precision, recall, _ = precision_recall_curve(urgent, probability)
    at = np.unique(np.linspace(0, len(recall) - 1, CURVE_POINTS).round().astype(int))
    return [[round(float(recall[k]), 4), round(float(precision[k]), 4)] for k in at]


def expected_calibration_error(probability: Floats, urgent: Flags) -> float:
    """Mean |probability - urgent share| over equal bins, weighted by rows (Naeini et al. 2015)."""
    bins = reliability(probability, urgent)
    return float(sum(b["rows"] * abs(b["probability"] - b["urgent"]) for b in bins) / len(urgent))


def roc_auc_lower_bound(probability: Floats, urgent: Flags, confidence: float) -> float:
    """One-sided lower confidence bound of ROC-AUC (DeLong 1988; by ranks as Sun & Xu 2014).

    Both labels have to occur at least twice.
    """
    positives, negatives = int(urgent.sum()), int((~urgent).sum())
    among_all = rankdata(probability)
    above_negatives = (among_all[urgent] - rankdata(probability[urgent])) / negatives
    below_positives = 1 - (among_all[~urgent] - rankdata(probability[~urgent])) / positives
    variance = above_negatives.var(ddof=1) / positives + below_positives.var(ddof=1) / negatives
    return float(above_negatives.mean() + norm.ppf(1 - confidence) * np.sqrt(variance))


def paired_bootstrap_pr_auc(
    ours: Floats, theirs: Floats, urgent: Flags, *, seed: int, rounds: int = 1000
) -> Floats:
    """PR-AUC of `ours` minus `theirs` on `rounds` resamples of the same rows; (rounds,), sorted."""
    rng = np.random.default_rng(seed)
    weighted = [_weighted_pr_auc(ours, urgent), _weighted_pr_auc(theirs, urgent)]
    difference = np.empty(rounds)
    for at in range(rounds):
        times = np.bincount(rng.integers(len(urgent), size=len(urgent)), minlength=len(urgent))
        difference[at] = weighted[0](times) - weighted[1](times)
    return np.sort(difference)


def _weighted_pr_auc(probability: Floats, urgent: Flags) -> Callable[[NDArray[np.int64]], float]:
    """Average precision as a function of how often each row is drawn; sorted once."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    last_of_tie = np.append(ranked[:-1] != ranked[1:], True)

    def pr_auc(times: NDArray[np.int64]) -> float:
        drawn = times[order]
        hits = np.cumsum(drawn * urgent[order])[last_of_tie]
        called = np.cumsum(drawn)[last_of_tie]
        if not hits[-1]:
            return 0.0
        return float(np.sum(np.diff(hits, prepend=0) * hits / np.maximum(called, 1)) / hits[-1])

    return pr_auc
