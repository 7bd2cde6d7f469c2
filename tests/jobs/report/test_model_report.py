"""The report of a judged model: each number is of the rows that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.model.metrics import metrics_of
from jobs.report.model_report import metrics_by_side, metrics_by_slice, report_of
from jobs.tickets.dataset import Dataset
from jobs.tickets.split import SIDES
from tests.support.job.frames import frame
from urgency.bundle import canonical_json

THRESHOLD = 0.4


@pytest.fixture(scope="module")
def data() -> Dataset:
    rows = frame(400)
    rows["file"], rows["line"] = "incoming/a.csv", np.arange(2, 402)
    return Dataset(rows, (), 0)


@pytest.fixture(scope="module")
def probability(data: Dataset) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    return np.asarray(np.clip(rng.normal(0.3, 0.1, 400) + 0.4 * data.frame["urgent"], 0, 1))


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
    by_side = metrics_by_side(data.frame, probability, THRESHOLD)
    assert tuple(by_side) == SIDES
    urgent = data.frame["urgent"].to_numpy()
    for side, metrics in by_side.items():
        rows = (data.frame["side"] == side).to_numpy()
        assert metrics == metrics_of(probability[rows], urgent[rows], THRESHOLD)
    assert sum(metrics["rows"] for metrics in by_side.values()) == 400


def test_each_category_has_the_metrics_of_its_own_rows_and_none_has_no_entry(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    slices = metrics_by_slice(data.frame, probability, THRESHOLD)
    assert {column: sorted(rows) for column, rows in slices.items()} == {
        "source": ["email", "phone"],
        "customer_tier": ["gold"],
    }
    gold = (data.frame["customer_tier"] == "gold").to_numpy()
    urgent = data.frame["urgent"].to_numpy()
    expected = metrics_of(probability[gold], urgent[gold], THRESHOLD)
    assert slices["customer_tier"]["gold"] == expected


def test_slices_and_calibration_are_of_the_test_rows_alone(
    data: Dataset, probability: NDArray[np.float64]
) -> None:
    report = report_of(data, probability, THRESHOLD, None)
    tests = report["metrics"]["test"]["rows"]
    assert sum(rows["rows"] for rows in report["slices"]["source"].values()) == tests
    assert sum(dot["rows"] for dot in report["reliability"]) == tests
    elsewhere = np.where(data.frame["side"] == "test", probability, 1 - probability)
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


def test_data_without_a_row_give_a_report_without_numbers() -> None:
    empty = frame(0)
    empty["file"], empty["line"] = [], []
    report = report_of(Dataset(empty, (), 0), np.zeros(0), THRESHOLD, 0.3)
    assert report["metrics"] == {side: {"rows": 0.0} for side in SIDES}
    assert report["reliability"] == report["data"] == []
