"""Evaluate: probabilities and labels -> metrics."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from jobs.model.ranking import average_precision, precision_recall_curve, ranks

ECE_BINS = 10
CURVE_POINTS = 100
BOOTSTRAP_ROWS, BOOTSTRAP_ROUNDS = 10_000, 1_000
TINY = 1e-12
"""Probabilities are kept so far from 0 and 1 where their log-odds are taken."""

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
    found, wrong = int((called & urgent).sum()), int((called != urgent).sum())
    metrics = {
        "rows": float(len(urgent)),
        "base_rate": float(urgent.mean()),
        "accuracy": float((called == urgent).mean()),
        "precision": found / max(1, int(called.sum())),
        "recall": found / max(1, int(urgent.sum())),
        "f1": 2 * found / max(1, 2 * found + wrong),
        "brier": brier(probability, urgent),
        "ece": expected_calibration_error(probability, urgent),
    }
    if urgent.any() and not urgent.all():
        metrics["pr_auc"] = average_precision(probability, urgent)
        metrics["roc_auc"] = float(_above_negatives(probability, urgent).mean())
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
    precision, recall, _ = precision_recall_curve(probability, urgent)
    at = np.unique(np.linspace(0, len(recall) - 1, CURVE_POINTS).round().astype(int))
    return [[round(float(recall[k]), 4), round(float(precision[k]), 4)] for k in at]


def expected_calibration_error(probability: Floats, urgent: Flags) -> float:
    """Mean |probability - urgent share| over equal bins, weighted by rows (Naeini et al. 2015)."""
    bins = reliability(probability, urgent)
    return float(sum(b["rows"] * abs(b["probability"] - b["urgent"]) for b in bins) / len(urgent))


def roc_auc_with_error(probability: Floats, urgent: Flags) -> tuple[float, float]:
    """ROC-AUC and its standard error (DeLong 1988; by ranks as Sun & Xu 2014).

    Both labels have to occur at least twice.
    """
    positives, negatives = int(urgent.sum()), int((~urgent).sum())
    above_negatives = _above_negatives(probability, urgent)
    below_positives = 1 - _above_negatives(probability, ~urgent)
    variance = above_negatives.var(ddof=1) / positives + below_positives.var(ddof=1) / negatives
    return float(above_negatives.mean()), float(np.sqrt(variance))


def _above_negatives(probability: Floats, urgent: Flags) -> Floats:
    """Of each urgent row the share of the other rows that it ranks above, a tie for a half."""
    above = ranks(probability)[urgent] - ranks(probability[urgent])
    return np.asarray(above / (~urgent).sum())


def coin_error(urgent: Flags) -> float:
    """Standard error of the ROC-AUC of scores that know nothing (Mann and Whitney 1947).

    It says how much these labels can show, even where all scores are equal.
    """
    positives, negatives = int(urgent.sum()), int((~urgent).sum())
    return float(np.sqrt((positives + negatives + 1) / (12 * positives * negatives)))


def expected_roc_auc(probability: Floats) -> float:
    """The ROC-AUC that probabilities promise for their own rows; .5 where they promise one label.

    The mean over all pairs of rows, each weighted by the chance that the first is urgent and the
    second is not.
    """
    value, which = np.unique(probability, return_inverse=True)
    rows = np.bincount(which)
    urgent, other = rows * value, rows * (1 - value)
    itself = float((probability * (1 - probability)).sum())
    pairs = float(urgent.sum() * other.sum()) - itself
    if pairs <= 0:
        return 0.5
    right = float((urgent * (np.cumsum(other) - other / 2)).sum()) - itself / 2
    return right / pairs


def at_rate(probability: Floats, rate: float) -> Floats:
    """Probabilities moved by one offset in log-odds so that their mean is `rate`, 0 < rate < 1."""
    from scipy.optimize import brentq  # 20 MB that only the gate needs

    log_odds = logit(np.clip(probability, TINY, 1 - TINY))
    offset = brentq(lambda by: float(expit(log_odds + by).mean()) - rate, -60, 60, xtol=1e-9)
    return np.asarray(expit(log_odds + offset))


def pr_auc_difference(ours: Floats, theirs: Floats, urgent: Flags) -> Floats:
    """PR-AUC of `ours` minus `theirs` on the same rows, as BOOTSTRAP_ROUNDS values, sorted.

    The bootstrap runs on at most BOOTSTRAP_ROWS rows, drawn with a fixed seed; of more tickets its
    spread is scaled to all rows (by the square root of the share drawn) and put around their
    difference. One label only: all 0.
    """
    rng, rows = np.random.default_rng(0), len(urgent)
    some = rng.choice(rows, BOOTSTRAP_ROWS, replace=False) if rows > BOOTSTRAP_ROWS else slice(None)
    of_some = [_weighted_pr_auc(scores[some], urgent[some]) for scores in (ours, theirs)]
    drawn = len(urgent[some])
    difference = np.empty(BOOTSTRAP_ROUNDS)
    for at in range(BOOTSTRAP_ROUNDS):
        times = np.bincount(rng.integers(drawn, size=drawn), minlength=drawn)
        difference[at] = of_some[0](times) - of_some[1](times)
    once, everything = np.ones(drawn, np.int64), np.ones(rows, np.int64)
    of_all = [_weighted_pr_auc(scores, urgent)(everything) for scores in (ours, theirs)]
    centre = of_some[0](once) - of_some[1](once)
    return np.sort(of_all[0] - of_all[1] + (difference - centre) * np.sqrt(drawn / rows))


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
