"""Comparison: two versions on the same tickets, number by number. It holds no ticket."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jobs.model.metrics import Flags, Floats, metrics_of, pr_auc_difference
from jobs.model.per_hundred import sentence
from jobs.report.model_report import metrics_by_slice
from jobs.tickets.columns import TicketColumns


@dataclass(frozen=True)
class Judged:
    """A version's P(urgent), shape (rows,), and the threshold from which it calls urgent."""

    version: int
    threshold: float
    probability: Floats

    @property
    def called(self) -> Flags:
        """Which tickets it calls urgent, shape (rows,)."""
        return self.probability >= self.threshold


def comparison(tickets: TicketColumns, a: Judged, b: Judged) -> dict[str, Any]:
    """Metrics, slices and changed sides of two versions on the same `tickets`, as JSON.

    `changed`: tickets that `b` calls otherwise than `a`, by their label; `pr_auc_difference`: `b`
    minus `a` at 5, 50 and 95 % of a paired bootstrap, None where one label is missing.
    """
    urgent = tickets.urgent
    both = urgent.any() and not urgent.all()
    return {
        "tickets": len(tickets),
        "urgent": int(urgent.sum()),
        "a": _side(a, urgent),
        "b": _side(b, urgent),
        "pr_auc_difference": _difference(a, b, urgent) if both else None,
        "changed": {
            "to_urgent": _by_label(~a.called & b.called, urgent),
            "to_non_urgent": _by_label(a.called & ~b.called, urgent),
        },
        "slices": _slices(tickets, a, b),
    }


def _side(judged: Judged, urgent: Flags) -> dict[str, Any]:
    metrics = metrics_of(judged.probability, urgent, judged.threshold)
    return {
        "version": judged.version,
        "threshold": judged.threshold,
        "metrics": metrics,
        "in_short": sentence(metrics, f"version {judged.version}"),
    }


def _difference(a: Judged, b: Judged, urgent: Flags) -> dict[str, float]:
    drawn = pr_auc_difference(b.probability, a.probability, urgent)
    low, middle, high = (float(np.quantile(drawn, at)) for at in (0.05, 0.5, 0.95))
    return {"low": low, "middle": middle, "high": high}


def _by_label(changed: Flags, urgent: Flags) -> dict[str, int]:
    return {"urgent": int((changed & urgent).sum()), "non_urgent": int((changed & ~urgent).sum())}


def _slices(tickets: TicketColumns, a: Judged, b: Judged) -> dict[str, Any]:
    of_a, of_b = (metrics_by_slice(tickets, each.probability, each.threshold) for each in (a, b))
    return {
        column: {value: {"a": rows, "b": of_b[column][value]} for value, rows in slices.items()}
        for column, slices in of_a.items()
    }
