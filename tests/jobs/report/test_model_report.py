"""The report of a judged model: each number is of the rows that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.model.metrics import metrics_of
from jobs.report.model_report import NONE, metrics_by_side, metrics_by_slice, report_of
from jobs.tickets.dataset import Dataset
from jobs.tickets.file_report import FileReport
from jobs.tickets.split import SIDES
from tests.support.job.frames import dataset, frame
from urgency.bundle import canonical_json

THRESHOLD = 0.4


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(frame(400))


@pytest.fixture(scope="module")
def probability(data: Dataset) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    return np.asarray(np.clip(rng.normal(0.3, 0.1, 400) + 0.4 * data.columns.urgent, 0, 1))


def numbers(value: object) -> Iterator[float]:
    """Every number in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from numbers(member)
    elif isinstance(value, float):
        yield value


def test_each_side_has_the_metrics_of_its_own_rows(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    by_side = metrics_by_side(data.columns, probability, THRESHOLD)
    assert tuple(by_side) == SIDES
    urgent = data.columns.urgent
    for side, metrics in by_side.items():
        rows = data.columns.side.holds(side)
        assert metrics == metrics_of(probability[rows], urgent[rows], THRESHOLD)
    assert sum(metrics["rows"] for metrics in by_side.values()) == 400


def test_each_category_has_the_metrics_of_its_own_rows_and_none_is_one_too(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    slices = metrics_by_slice(data.columns, probability, THRESHOLD)
    assert {column: sorted(rows) for column, rows in slices.items()} == {
        "source": ["email", "phone"],
        "customer_tier": [NONE, "gold"],
    }
    urgent = data.columns.urgent
    for name, value in (("gold", "gold"), (NONE, "")):
        own = data.columns.categories["customer_tier"].holds(value)
        expected = metrics_of(probability[own], urgent[own], THRESHOLD)
        assert slices["customer_tier"][name] == expected


def test_slices_and_calibration_are_of_the_test_rows_alone(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    report = report_of(data, probability, THRESHOLD, None)
    tests = report["metrics"]["test"]["rows"]
    assert sum(rows["rows"] for rows in report["slices"]["source"].values()) == tests
    assert sum(dot["rows"] for dot in report["reliability"]) == tests
    elsewhere = np.where(data.columns.side.holds("test"), probability, 1 - probability)
    changed = report_of(data, elsewhere, THRESHOLD, None)
    assert changed["slices"] == report["slices"]
    assert changed["reliability"] == report["reliability"]
    assert changed["metrics"]["train"] != report["metrics"]["train"]


def test_findings_compare_with_the_champions_base_rate(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    def names(base_rate: float | None) -> list[str]:
        return [found["name"] for found in report_of(data, probability, 0.5, base_rate)["data"]]

    assert "base_rate_shift" in names(0.9)
    assert "base_rate_shift" not in names(None)


def test_a_report_is_json_of_finite_numbers(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    report = report_of(data, probability, THRESHOLD, 0.9)
    assert json.loads(canonical_json(report)) == report
    assert all(map(np.isfinite, numbers(report)))


def test_the_files_are_in_it_with_their_counts(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    files = (FileReport("incoming/a.csv", 4, 99, accepted=7, duplicate=2, unlabelled=1),)
    report = report_of(replace(data, reports=files), probability, THRESHOLD, None)
    assert report["files"] == [
        {
            "file": "incoming/a.csv",
            "generation": 4,
            "status": "accepted",
            "records": 10,
            "accepted": 7,
            "duplicate": 2,
            "unlabelled": 1,
            "quarantined": 0,
        }
    ]


def test_data_without_a_row_give_a_report_without_numbers() -> None:
    report = report_of(dataset(frame(0)), np.zeros(0), THRESHOLD, 0.3)
    assert report["metrics"] == {side: {"rows": 0.0} for side in SIDES}
    assert report["reliability"] == report["data"] == []
