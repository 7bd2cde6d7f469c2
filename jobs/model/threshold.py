"""Where to cut: the probability from which a ticket is called urgent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.model.metrics import Flags, Floats
from jobs.model.ranking import precision_recall_curve
from jobs.tickets.split import LEARNED_SHARE


def cost_threshold(missed_cost: float) -> float:
    """Cut of least expected cost when a missed urgent ticket costs `missed_cost` false alarms
    (Elkan 2001).

    Calling a ticket of probability p non-urgent costs p * missed_cost, calling it urgent 1 - p;
    they are equal here. On calibrated probabilities this cost no more than the cut searched out of
    fold, and needs no search.
    """
    return 1 / (1 + missed_cost)


def best_f1(probability: Floats, urgent: Flags) -> float:
    """The cut of highest F1, between the lowest probability that it calls and the next lower one.

    probability: shape (n,), out of fold.   urgent: shape (n,). 0.5 where none is urgent.
    """
    if not urgent.any():
        return 0.5
    precision, recall, cuts = precision_recall_curve(probability, urgent)
    total = precision + recall
    f1 = 2 * precision * recall / np.where(total > 0, total, 1)
    best = int(np.argmax(f1[:-1]))
    below = cuts[best - 1] if best else 0.0
    return float((cuts[best] + below) / 2)


def within_capacity(
    threshold: float, probability: Floats, created_at: NDArray[np.datetime64], per_day: int
) -> float:
    """The lowest cut, not below `threshold`, that calls at most `per_day` tickets a day urgent; 0
    means no limit.

    `probability`, shape (n,), and `created_at` are those of the fitted rows; without dates there
    is no limit.
    """
    arriving = tickets_per_day(created_at) / LEARNED_SHARE
    if not per_day or not arriving:
        return threshold
    return max(
        threshold,
        float(np.quantile(probability, 1 - min(per_day / arriving, 1.0), method="higher")),
    )


def tickets_per_day(created_at: NDArray[np.datetime64]) -> float:
    """Rows a day over the span of their dates; 0 where under half of them have one."""
    dated = created_at[~np.isnat(created_at)]
    if not len(dated) or len(dated) < len(created_at) / 2:
        return 0.0
    days = float((dated.max() - dated.min()) / np.timedelta64(1, "D"))
    return len(dated) / max(days, 1.0)
