"""Observed lines add up by version and hour; what does not parse is counted and does no harm."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from jobs.drift.lines import Observed, read_observed
from tests.jobs.drift.observed_world import counts_of, days_of, entry
from tests.support.storage.memory_store import MemoryStore

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def test_lines_of_a_version_add_up_between_two_moments() -> None:
    observed = Observed()
    later = AT + timedelta(hours=2)
    observed.add(entry(counts_of(10, 1), AT) + entry(counts_of(20, 2), AT, version=8))
    observed.add(entry(counts_of(40, 3), later))
    assert observed.between(7, AT - timedelta(hours=1), AT).tickets == 10
    assert observed.between(7, AT - timedelta(hours=1), later + timedelta(hours=1)).tickets == 50
    assert observed.between(9, AT, later).tickets == 0
    assert {day: one.tickets for day, one in observed.days(7).items()} == {date(2026, 3, 4): 50}


def test_an_entry_that_is_laid_down_twice_counts_once() -> None:
    observed = Observed()
    line = entry(counts_of(10, 1), AT)
    observed.add(line + line)
    observed.add(line)
    assert observed.days(7)[AT.date()].tickets == 10


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"jsonPayload": 7}',
        b'{"textPayload": "observed"}',
        entry(counts_of(10, 1), AT).replace(b'"tickets": 10', b'"tickets": 11'),
        entry(counts_of(10, 1), AT).replace(b'"version": 7', b'"version": "seven"'),
        entry(counts_of(10, 1), AT).replace(b"2026-03-04", b"yesterday"),
        entry(counts_of(10, 1), AT).replace(b'"version": 7', b'"version": Infinity'),
        entry(counts_of(10, 1), AT).replace(b'"version": 7', b'"version": -7'),
        entry(counts_of(10, 1), AT).replace(b'"probability": [', b'"probability": [%d, ' % 2**70),
        entry(counts_of(10, 1), AT).replace(b'"version": 7', b'"version": 7.5'),
        entry(counts_of(10, 1), AT).replace(b"2026-03-04T05:06:00+00:00", b"0001-01-01T00:00+05"),
        entry(counts_of(10, 1), AT).replace(b"+00:00", b""),
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_does_not_parse_is_counted_and_the_rest_is_read(line: bytes) -> None:
    observed = Observed()
    observed.add(line.strip() + b"\n" + entry(counts_of(10, 1), AT))
    assert observed.unreadable == 1
    assert observed.days(7)[AT.date()].tickets == 10


def test_ids_are_of_their_time_only_and_times_of_any_zone() -> None:
    """Two instances may call entries of different times the same."""
    observed, line = Observed(), entry(counts_of(10, 1), AT)
    later = line.replace(b'"timestamp": "2026-03-04T05:06:00+00:00"', b'"timestamp": "%s"')
    for moment in (b"2026-03-04T23:30:00-05:00", b"2026-03-05T04:30:00.000000000Z"):
        observed.add(later % moment)
    observed.add(line)
    days = {day: one.tickets for day, one in observed.days(7).items()}
    assert days == {date(2026, 3, 4): 10, date(2026, 3, 5): 10}


def test_instances_and_services_add_up_and_days_without_a_ticket_are_none() -> None:
    observed = Observed()
    for number, ago in enumerate((9, 9, 2, 0)):
        at = AT - timedelta(days=ago, seconds=number)
        observed.add(entry(counts_of(10, number), at))
    days = {(AT.date() - day).days: one.tickets for day, one in observed.days(7).items()}
    assert days == {9: 20, 2: 10, 0: 10}
    week = observed.between(7, AT - timedelta(days=7), AT + timedelta(hours=1))
    assert week.tickets == 20


def test_numbers_of_a_payload_may_come_back_with_a_point() -> None:
    made = json.loads(entry(counts_of(10, 1), AT), parse_int=float)
    observed = Observed()
    observed.add(json.dumps(made).encode())
    assert (observed.unreadable, observed.days(7)[AT.date()].tickets) == (0, 10)


def test_older_days_and_other_objects_are_not_read() -> None:
    bucket = MemoryStore()
    objects = days_of(10, AT, 5) | {"notes.json": b"{", "a/2026/03/04/readme.txt": b"{"}
    for name, body in objects.items():
        bucket.put(name, body, 0)
    observed = read_observed(bucket, date(2026, 3, 2))
    assert sum(one.tickets for one in observed.days(7).values()) == 20
    assert observed.unreadable == 0
