"""Each query on logged metrics fires on what it means and on nothing else: evaluated by promtool.

Cloud Monitoring keeps what was logged since the last point, Prometheus the sum; `increase` is the
same for both. A series here has a point a minute, as both of them do.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.alert_rules import STATE, Series, counted, fires, rules
from tests.infra.committed import values_of

NO_SUCCESS, VERSIONS = "No successful run for 3 hours", "Instances on different versions"
HEARTBEAT = "No heartbeat for 2 hours"


def selector(alert: str) -> str:
    [rule] = rules()[alert]
    [found] = re.findall(r"(logging_[\w:]+\{[^}]*\})", rule.query)
    return str(found)


def observed(alert: str, value: float, until: int) -> list[Series]:
    """A distribution with `value` seen every 30 minutes, in the buckets of the metric."""
    name = selector(alert)
    [metric] = [
        one
        for one in values_of(STATE, "google_logging_metric")
        if f"user_{one['name'].replace('-', '_')}_bucket" in name
    ]
    linear = metric["bucket_options"][0]["linear_buckets"][0]
    low, width = linear.get("offset", 0), linear["width"]
    bounds = [low + width * n for n in range(int(linear["num_finite_buckets"]) + 1)]
    runs = range(5, until, 30)
    return [
        counted(name, runs if value < bound else [], until, le=str(bound))
        for bound in [*bounds, float("inf")]
    ]


def test_three_hours_after_the_last_success_and_not_before(tmp_path: Path) -> None:
    runs = counted(selector(NO_SUCCESS), range(5, 120, 30), 400)  # the last at 95 minutes
    assert not fires(tmp_path, NO_SUCCESS, 95 + 170, [runs])
    assert fires(tmp_path, NO_SUCCESS, 95 + 185, [runs])


def test_not_while_sweeps_succeed_and_not_for_one_that_failed(tmp_path: Path) -> None:
    sweeps = [minute for minute in range(5, 600, 30) if minute != 305]
    runs = counted(selector(NO_SUCCESS), sweeps, 600)
    assert not any(fires(tmp_path, NO_SUCCESS, minute, [runs]) for minute in (200, 370, 590))


def test_a_job_that_never_succeeded_is_told_of(tmp_path: Path) -> None:
    assert not fires(tmp_path, NO_SUCCESS, 110, [])
    assert fires(tmp_path, NO_SUCCESS, 125, [])


@pytest.mark.parametrize(
    ("alert", "value", "expected"),
    [
        ("Old model", 13.2, False),
        ("Old model", 15.1, True),
        ("Versions held back", 2, False),
        ("Versions held back", 3, True),
    ],
)
def test_a_number_above_its_threshold(
    alert: str, value: float, expected: bool, tmp_path: Path
) -> None:
    assert fires(tmp_path, alert, 200, observed(alert, value, 240)) is expected


def test_a_hop_that_fell_silent_and_not_one_that_never_beat(tmp_path: Path) -> None:
    """`landed` beats on, `train` ends at two hours, `released` waits for the first model."""
    name = "logging_googleapis_com:user_urgency_heartbeat{}"
    series = [
        counted(name, range(1, 600, 60), 600, hop="landed"),
        counted(name, range(1, 122, 60), 600, hop="train"),
    ]
    silent = [{"hop": "train"}]
    assert not fires(tmp_path, HEARTBEAT, 121 + 110, series, silent)
    assert fires(tmp_path, HEARTBEAT, 121 + 130, series, silent)
    assert not fires(tmp_path, HEARTBEAT, 500, series[:1], silent)


def test_two_versions_for_ten_minutes_and_not_for_a_release(tmp_path: Path) -> None:
    def both(overlap: int) -> list[Series]:
        name = selector(VERSIONS)
        old = counted(name, range(1, 60 + overlap), 120, version="7")
        return [old, counted(name, range(60, 120), 120, version="8")]

    assert not fires(tmp_path, VERSIONS, 75, both(overlap=2))
    assert fires(tmp_path, VERSIONS, 75, both(overlap=40))
