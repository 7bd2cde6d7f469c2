"""Calibration: scores -> probabilities that are true (Platt 1999)."""

from __future__ import annotations

import math

import numpy as np

from jobs.model.metrics import Flags, Floats

_STEPS, _NEAR = 50, 1e-10
_RIDGE, _ROUNDING = 1e-9, 1e-9


def platt(score: Floats, urgent: Flags) -> tuple[float, float]:
    """Slope (>= 0) and offset of P = sigmoid(slope * score + offset), on Platt's smoothed targets.

    Scores that rank no better than chance get slope 0 and the base rate.
    """
    positives, negatives = int(urgent.sum()), int((~urgent).sum())
    target = np.where(urgent, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale = float(score.std()) or 1.0
    steep, offset = _least_loss(score / scale, target)
    if steep <= 0:
        return 0.0, math.log((positives + 1) / (negatives + 1))
    return steep / scale, offset


def _least_loss(score: Floats, target: Floats) -> tuple[float, float]:
    """Slope and offset of least cross-entropy, by Newton steps that are halved where they overshoot
    (Lin, Lin & Weng 2007).
    """
    columns = np.stack([score, np.ones(len(score))])
    at = np.array([0.0, math.log(target.sum() / (1 - target).sum())])
    loss = log_losses(at @ columns, target).sum()
    for _ in range(_STEPS):
        chance = sigmoid(at @ columns)
        curvature = (columns * (chance * (1 - chance))) @ columns.T
        step = -np.linalg.solve(curvature + _RIDGE * np.eye(2), columns @ (chance - target))
        while (there := log_losses((at + step) @ columns, target).sum()) > loss + _ROUNDING:
            step /= 2
        at, loss = at + step, there
        if abs(step).max() < _NEAR:
            break
    return float(at[0]), float(at[1])


def log_losses(log_odds: Floats, urgent: Flags | Floats) -> Floats:
    """-ln P(label) of each row, shape (n,); a label may be a chance."""
    return np.logaddexp(0, log_odds) - urgent * log_odds


def sigmoid(log_odds: Floats) -> Floats:
    """P of log-odds, without overflow."""
    return np.exp(-np.logaddexp(0, -log_odds))
