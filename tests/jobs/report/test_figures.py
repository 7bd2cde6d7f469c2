"""Figures draw the report's numbers: read back from the picture, they are the same."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from jobs.model.metrics import CURVE_POINTS, metrics_of, precision_recall_points, reliability
from jobs.model.per_hundred import confusion
from jobs.report.figures import (
    WORDS_SHOWN,
    calibration,
    confusion_figure,
    figures,
    precision_recall,
    words,
)
from jobs.report.plot import SIDE
from jobs.report.shares import wilson

RNG = np.random.default_rng(7)
PROBABILITY = RNG.random(2000)
URGENT = RNG.random(2000) < PROBABILITY
TEST = metrics_of(PROBABILITY, URGENT, 0.3)
UP = [{"word": f"up{n}", "tickets": 20 + n, "weight": 2.0 - n / 10} for n in range(20)]
DOWN = [{"word": "thanks", "tickets": 1_234, "weight": -1.0}]
REPORT: dict[str, Any] = {
    "metrics": {"test": TEST},
    "curve": precision_recall_points(PROBABILITY, URGENT),
    "reliability": reliability(PROBABILITY, URGENT),
    "words": {"up": UP, "down": DOWN},
}
NAMES = ["precision_recall.svg", "calibration.svg", "confusion.svg", "words.svg"]
SVG = "{http://www.w3.org/2000/svg}"
CLOSE = 0.5 / SIDE
"""Half a unit of the picture, as a share."""


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def written(picture: ElementTree.Element, kind: str | None = None) -> list[str]:
    """The words in a picture, of one class or all."""
    found = picture.iter(f"{SVG}text")
    return [str(each.text) for each in found if kind is None or each.get("class") == kind]


def place(dot: ElementTree.Element) -> tuple[float, float]:
    """A dot's place as shares of the axes."""
    return float(dot.attrib["cx"]) / SIDE, 1 - float(dot.attrib["cy"]) / SIDE


def test_each_figure_is_a_picture_of_its_own() -> None:
    drawn = dict(figures(REPORT))
    assert list(drawn) == NAMES
    for svg in drawn.values():
        picture = parsed(svg)
        assert picture.tag == f"{SVG}svg"
        assert picture.find(f"{SVG}title") is not None
        assert picture.find(f"{SVG}style") is not None


@pytest.mark.parametrize(
    "svg", [precision_recall(REPORT["curve"], TEST), calibration(REPORT["reliability"])]
)
def test_both_axes_have_ticks_from_0_to_100_percent(svg: str) -> None:
    ticks = written(parsed(svg), "tick")
    for tick in ("0%", "20%", "40%", "60%", "80%", "100%"):
        assert ticks.count(tick) == 2


def test_the_curve_goes_through_its_points_and_the_cut_lies_on_it() -> None:
    picture = parsed(precision_recall(REPORT["curve"], TEST))
    line = picture.find(f"{SVG}polyline")
    assert line is not None
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    read = [[right / SIDE, 1 - down / SIDE] for right, down in points]
    assert np.abs(np.array(read) - np.array(REPORT["curve"])).max() < CLOSE
    (cut,) = picture.iter(f"{SVG}circle")
    assert place(cut) == pytest.approx((TEST["recall"], TEST["precision"]), abs=CLOSE)
    assert min(abs(r - place(cut)[0]) + abs(p - place(cut)[1]) for r, p in read) < 2 / CURVE_POINTS


def test_each_bin_is_a_dot_with_its_interval_and_its_tickets() -> None:
    picture = parsed(calibration(REPORT["reliability"]))
    dots = [place(dot) for dot in picture.iter(f"{SVG}circle")]
    bins = REPORT["reliability"]
    assert dots == [pytest.approx((b["probability"], b["urgent"]), abs=CLOSE) for b in bins]
    whiskers = [line for line in picture.iter(f"{SVG}line") if line.get("class") == "whisker"]
    ends = [sorted(1 - float(line.attrib[end]) / SIDE for end in ("y1", "y2")) for line in whiskers]
    assert ends == [pytest.approx(wilson(b["urgent"], b["rows"]), abs=CLOSE) for b in bins]
    for each in bins:
        assert f"{each['rows']:.0f}" in written(picture, "tick")


def test_many_tickets_are_told_in_thousands() -> None:
    svg = calibration([{"rows": 123_456.0, "probability": 0.5, "urgent": 0.5}])
    assert "123k" in written(parsed(svg))


def test_wilsons_interval_is_the_published_one() -> None:
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_the_four_fields_are_the_tickets_of_a_hundred() -> None:
    picture = parsed(confusion_figure(TEST))
    counts = list(confusion(TEST).values())
    assert written(picture, "big") == [f"{100 * count / 2000:.0f}" for count in counts]
    counted = [words for words in written(picture) if words.endswith(" counted")]
    assert counted == [f"{count:,} counted" for count in counts]
    assert "of 100 test tickets" in written(picture)


def test_one_ticket_of_a_thousand_is_not_drawn_as_none() -> None:
    once = {"rows": 1_000.0, "base_rate": 0.5, "accuracy": 0.999, "recall": 0.998}
    assert written(parsed(confusion_figure(once)), "big") == ["50", "<1", "0", "50"]


def test_a_words_bar_is_as_long_as_its_weight_and_names_its_tickets() -> None:
    picture = parsed(words(REPORT))
    bars = [bar for bar in picture.iter(f"{SVG}rect") if bar.get("class") in ("ours", "mark")]
    shown = [*UP[:WORDS_SHOWN], *DOWN]
    assert [float(bar.attrib["width"]) for bar in bars] == [
        pytest.approx(SIDE / 2 * abs(each["weight"]) / 2.0, abs=0.1) for each in shown
    ]
    assert [bar.get("class") for bar in bars] == ["ours"] * WORDS_SHOWN + ["mark"]
    for each in shown:
        assert f"{each['word']} ({each['tickets']:,})" in written(picture)
    assert {"-2", "-1", "0", "+1", "+2"} <= set(written(picture, "tick"))


def test_a_version_without_the_numbers_has_fewer_figures() -> None:
    assert list(figures({"data": []})) == []
    assert [name for name, _svg in figures({"metrics": {"test": TEST}})] == ["confusion.svg"]
    assert list(figures({"metrics": {"test": {"rows": 0.0}}, "curve": [], "reliability": []})) == []
    rare = {"word": "xylophone", "tickets": 19, "weight": 1.0}
    assert list(figures({"words": {"up": [rare], "down": []}})) == []
