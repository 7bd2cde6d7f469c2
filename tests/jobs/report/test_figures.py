from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from jobs.model.metrics import CURVE_POINTS, metrics_of, precision_recall_points, reliability
from jobs.report.figures import confusion_counts, figures

RNG = np.random.default_rng(7)
PROBABILITY = RNG.random(2000)
URGENT = RNG.random(2000) < PROBABILITY
TEST = metrics_of(PROBABILITY, URGENT, 0.3)
REPORT = {
    "metrics": {"test": TEST},
    "curve": precision_recall_points(PROBABILITY, URGENT),
    "reliability": reliability(PROBABILITY, URGENT),
}


def test_each_figure_is_a_picture_of_its_own() -> None:
    drawn = dict(figures(REPORT))
    assert list(drawn) == ["precision_recall.svg", "calibration.svg", "confusion.svg"]
    for svg in drawn.values():
        assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
def test_the_confusion_counts_are_those_of_the_tickets(threshold: float) -> None:
    called = threshold <= PROBABILITY
    assert list(confusion_counts(metrics_of(PROBABILITY, URGENT, threshold)).values()) == [
        int((URGENT & called).sum()),
        int((URGENT & ~called).sum()),
        int((~URGENT & called).sum()),
        int((~URGENT & ~called).sum()),
    ]


def test_the_dot_of_the_threshold_lies_on_the_curve() -> None:
    near = min(
        abs(recall - TEST["recall"]) + abs(precision - TEST["precision"])
        for recall, precision in REPORT["curve"]
    )
    assert near < 2 / CURVE_POINTS


def test_a_version_without_the_numbers_has_fewer_figures() -> None:
    assert list(figures({"data": []})) == []
    assert [name for name, _svg in figures({"metrics": {"test": TEST}})] == ["confusion.svg"]
    assert list(figures({"metrics": {"test": {"rows": 0.0}}, "curve": [], "reliability": []})) == []
