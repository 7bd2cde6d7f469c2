"""Report: all that is stored about a judged model, as the bundle's `metrics.json`."""

from dataclasses import asdict
from typing import Any

from jobs.model.metrics import Flags, Floats, metrics_of, precision_recall_points, reliability
from jobs.report.data_report import data_report
from jobs.tickets.columns import TicketColumns
from jobs.tickets.dataset import Dataset
from jobs.tickets.split import SIDES

NONE = "(none)"
"""The slice of tickets without a value."""

FILE_COUNTS = ("records", "accepted", "duplicate", "unlabelled", "quarantined")
FILE_MEMBERS = ("file", "generation", "status", *FILE_COUNTS)


def report_of(
    data: Dataset, probability: Floats, threshold: float, champion_base_rate: float | None
) -> dict[str, Any]:
    """Metrics by side, test metrics by slice, the test rows' calibration and curve, findings, and
    the files.

    probability: shape (tickets,), P(urgent).
    """
    columns = data.columns
    test, urgent = columns.side.holds("test"), columns.urgent
    return {
        "metrics": metrics_by_side(columns, probability, threshold),
        "slices": metrics_by_slice(columns.take(test), probability[test], threshold),
        "reliability": reliability(probability[test], urgent[test]) if test.any() else [],
        "curve": precision_recall_points(probability[test], urgent[test])
        if urgent[test].any()
        else [],
        "data": [asdict(finding) for finding in data_report(data, champion_base_rate)],
        "files": [{name: getattr(file, name) for name in FILE_MEMBERS} for file in data.reports],
    }


def metrics_by_side(
    columns: TicketColumns, probability: Floats, threshold: float
) -> dict[str, dict[str, float]]:
    """The metrics of train, validation and test."""
    return {
        name: _metrics(columns, probability, threshold, columns.side.holds(name)) for name in SIDES
    }


def metrics_by_slice(
    columns: TicketColumns, probability: Floats, threshold: float
) -> dict[str, dict[str, dict[str, float]]]:
    """The metrics by column and category; NONE is the category of tickets without one."""
    return {
        name: {
            value or NONE: _metrics(columns, probability, threshold, column.holds(value))
            for value in column.counts()
        }
        for name, column in columns.categories.items()
    }


def _metrics(
    columns: TicketColumns, probability: Floats, threshold: float, rows: Flags
) -> dict[str, float]:
    return metrics_of(probability[rows], columns.urgent[rows], threshold)
