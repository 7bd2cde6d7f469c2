"""Where to cut: the probability from which a ticket is called urgent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from urgency.errors import UrgencyError


class OneClassOnly(UrgencyError):
    """All tickets have the same label, so nothing can be told apart."""


def choose_threshold(probability: NDArray[np.float64], is_urgent: NDArray[np.bool_], *, missed_cost: float) -> float:
    """Cut that minimises expected cost when a missed urgent ticket costs `missed_cost` false alarms.

    probability: shape (n,), P(urgent) in [0, 1], out of fold.   is_urgent: shape (n,), bool.
    Raises OneClassOnly when `is_urgent` holds a single value.
    """
    if is_urgent.all() or not is_urgent.any():
        raise OneClassOnly("All tickets have the same label; both urgent and non-urgent ones are needed.")
    order = np.argsort(-probability, kind="stable")
    # Cost when the first k of the ranking are called urgent, for k = 0 .. n.
    missed = is_urgent.sum() - np.concatenate([[0], np.cumsum(is_urgent[order])])
    alarms = np.concatenate([[0], np.cumsum(~is_urgent[order])])
    ranked = np.concatenate([probability[order], [-np.inf]])
    can_cut = np.concatenate([[True], ranked[:-1] > ranked[1:]])  # never between equal probabilities
    best = int(np.argmin(np.where(can_cut, missed * missed_cost + alarms, np.inf)))
    above = ranked[best - 1] if best else 1.0
    below = max(ranked[best], 0.0)
    return float((above + below) / 2)


def within_capacity(threshold: float, probability: NDArray[np.float64], share: float) -> float:
    """The lowest cut, not below `threshold`, that calls at most `share` (in [0, 1]) of the tickets urgent."""
    return max(threshold, float(np.quantile(probability, 1 - min(share, 1.0), method="higher")))
