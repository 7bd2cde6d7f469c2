"""Report: all that is stored about a judged model, as the bundle's `metrics.json`."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from jobs.model.metrics import Floats, metrics_of, precision_recall_points, reliability
from jobs.report.data_report import data_report
from jobs.tickets.dataset import Dataset
from jobs.tickets.rare_values import CATEGORIES
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

    probability: shape (rows of data.frame,), P(urgent).
    """
    test = (data.frame["side"] == "test").to_numpy()
    urgent = data.frame["urgent"].to_numpy(bool)
    return {
        "metrics": metrics_by_side(data.frame, probability, threshold),
        "slices": metrics_by_slice(data.frame[test], probability[test], threshold),
        "reliability": reliability(probability[test], urgent[test]) if test.any() else [],
        "curve": precision_recall_points(probability[test], urgent[test])
        if urgent[test].any()
        else [],
        "data": [asdict(finding) for finding in data_report(data, champion_base_rate)],
        "files": [{name: getattr(file, name) for name in FILE_MEMBERS} for file in data.reports],
    }


def metrics_by_side(
    frame: pd.DataFrame, probability: Floats, threshold: float
) -> dict[str, dict[str, float]]:
    """The metrics of train, validation and test."""
    side, urgent = frame["side"].to_numpy(), frame["urgent"].to_numpy(bool)
    return {
        name: metrics_of(probability[side == name], urgent[side == name], threshold)
        for name in SIDES
    }


def metrics_by_slice(
    frame: pd.DataFrame, probability: Floats, threshold: float
) -> dict[str, dict[str, dict[str, float]]]:
    """The metrics by column and category; NONE is the category of tickets without one."""
    urgent = frame["urgent"].to_numpy(bool)
    slices: dict[str, dict[str, dict[str, float]]] = {}
    for column in CATEGORIES:
        given = frame[column].to_numpy(object)
        values = np.where(given == "", NONE, given)
        slices[column] = {
            value: metrics_of(probability[values == value], urgent[values == value], threshold)
            for value in sorted(set(values))
        }
    return slices
