"""Calibration: scores -> probabilities that are true (Platt 1999)."""

from __future__ import annotations

import math

import numpy as np
from sklearn.linear_model import LogisticRegression

from jobs.model.metrics import Flags, Floats


def platt(score: Floats, urgent: Flags) -> tuple[float, float]:
    """Slope (>= 0) and offset of P = sigmoid(slope * score + offset), on Platt's smoothed targets.

    Scores that rank no better than chance get slope 0 and the base rate.
    """
    positives, negatives = int(urgent.sum()), int((~urgent).sum())
    target = np.where(urgent, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale = float(score.std()) or 1.0
    # A soft target t is the label 1 with weight t and the label 0 with weight 1 - t.
    twice = np.concatenate([score, score])[:, None] / scale
    labels = np.repeat([True, False], len(score))
    weights = np.concatenate([target, 1 - target])
    sigmoid = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(
        twice, labels, weights
    )
    slope = float(sigmoid.coef_[0, 0]) / scale
    if slope <= 0:
        return 0.0, math.log((positives + 1) / (negatives + 1))
    return slope, float(sigmoid.intercept_[0])


def log_losses(log_odds: Floats, urgent: Flags) -> Floats:
    """-ln P(label) of each row, shape (n,)."""
    return np.logaddexp(0, log_odds) - urgent * log_odds


def sigmoid(log_odds: Floats) -> Floats:
    """P of log-odds, without overflow."""
    return np.exp(-np.logaddexp(0, -log_odds))
