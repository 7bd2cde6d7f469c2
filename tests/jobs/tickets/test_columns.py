"""Rows as they are collected, and the columns that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.tickets.collector import NO_DATE, Collector, seconds
from jobs.tickets.columns import Category
from jobs.tickets.frame import frame_of
from jobs.tickets.rows import Rows
from jobs.tickets.split import text_hash
from jobs.tickets.texts import Texts
from tests.support.job.csv_files import csv_bytes, dataset, row


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("2025-01-31", "2025-01-31T00:00:00+00:00"),
        ("2025-01-31 08:15:00", "2025-01-31T08:15:00+00:00"),
        ("2025-01-31T08:15:00+02:00", "2025-01-31T06:15:00+00:00"),
        ("2025-01-31T08:15:00Z", "2025-01-31T08:15:00+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31", None),
        ("3/25/07", None),
        ("now", None),
    ],
)
def test_dates_are_read_as_iso_8601_and_others_are_counted_not_quarantined(
    cell: str, read: str | None
) -> None:
    data = dataset(csv_bytes(row(1).replace("2025-01-31", cell)))
    moments = [moment.isoformat() for moment in frame_of(data)["created_at"].dropna()]
    assert (moments, len(data.columns)) == ([read] if read else [], 1)
    assert data.reports[0].unread_dates == (0 if read else 1)


def one_row(line: int, text: str = "printer", *, urgent: bool = False) -> Rows:
    label = "urgent" if urgent else "low"
    return Rows([line], [""], [text], ["email"], ["gold"], [f"T-{line}"], [""], [""], [(label,)])


def collected(*rows: Rows) -> Collector:
    read = Collector(Texts(most=100))
    for number, one in enumerate(rows):
        read.add(one, number % 2, [int(one.labels == [("urgent",)])], [NO_DATE], [NO_DATE])
        read.end_file(number, np.ones(1, bool))
    return read


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", NO_DATE),
        ("1970-01-01", 0),
        ("1969-12-31T23:59:59Z", NO_DATE),
        ("2025-01-31", 1_738_281_600),
        ("2025-01-31T01:00:00+01:00", 1_738_281_600),
        ("2242-01-01", 8_583_494_400),
        ("2300-01-01", NO_DATE),
        ("31.01.2025", NO_DATE),
        ("2025-02-30", NO_DATE),
    ],
)
def test_dates_are_seconds_in_utc_and_years_that_mean_unknown_are_none(
    text: str, moment: int
) -> None:
    assert seconds(text) == moment


def test_no_date_is_what_numpy_calls_not_a_time() -> None:
    assert np.isnat(np.array([NO_DATE]).view("datetime64[s]")).all()


def test_the_columns_hold_a_row_for_each_ticket_in_their_order() -> None:
    rows = collected(one_row(2), one_row(3, "all tills are down", urgent=True))
    columns = rows.columns(["incoming/a.csv", "incoming/b.csv"])
    assert len(rows) == len(columns) == 2
    assert columns.ticket_id.tolist() == [text_hash("T-2"), text_hash("T-3")]
    assert columns.urgent.tolist() == [False, True]
    assert columns.file.counts() == {"incoming/a.csv": 1, "incoming/b.csv": 1}
    assert columns.categories["source"].counts() == {"email": 2}
    assert np.isnat(columns.created_at).all()
    assert len({*columns.split_key}) == len({*columns.same_text}) == 2


def test_digits_are_part_of_what_makes_two_tickets_the_same_and_not_of_their_side() -> None:
    columns = collected(one_row(2, "order 1"), one_row(3, "order 2")).columns(["a", "b"])
    assert len({*columns.split_key}) == 1
    assert len({*columns.same_text}) == 2


def test_rows_that_are_not_kept_are_as_if_they_had_never_come() -> None:
    rows = collected(one_row(2))
    for line in (3, 4):
        rows.add(one_row(line), 1, [0], [NO_DATE], [NO_DATE])
    rows.end_file(1, np.zeros(2, bool))
    files = ["a", "b"]
    np.testing.assert_equal(vars(rows.columns(files)), vars(collected(one_row(2)).columns(files)))
    assert len(rows) == 1


def test_of_a_category_only_what_occurs_is_counted() -> None:
    column = Category(np.array([2, 0, 2]), ("", "chat", "web"))
    assert column.counts() == {"": 1, "web": 2}
    assert column.holds("web").tolist() == [True, False, True]
    assert not column.holds("chat").any()
    assert not column.holds("never met").any()
    assert column[np.array([1])].counts() == {"": 1}
