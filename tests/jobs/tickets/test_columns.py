"""Rows as they are collected, and the typed frame that is made of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.tickets.columns import NO_DATE, TicketColumns, seconds
from jobs.tickets.rows import Rows
from jobs.tickets.split import text_hash
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
    moments = [moment.isoformat() for moment in data.frame["created_at"].dropna()]
    assert (moments, len(data.frame)) == ([read] if read else [], 1)
    assert data.reports[0].unread_dates == (0 if read else 1)


def one_row(line: int, text: str = "printer", *, urgent: bool = False) -> Rows:
    label = "urgent" if urgent else "low"
    return Rows([line], [""], [text], ["email"], ["gold"], [f"T-{line}"], [""], [""], [(label,)])


def collected(*rows: Rows) -> TicketColumns:
    columns = TicketColumns(most=100)
    for number, one in enumerate(rows):
        columns.add(one, number % 2, [int(one.labels == [("urgent",)])], [NO_DATE], [NO_DATE])
        columns.end_file(number, np.ones(1, bool))
    return columns


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


def test_no_date_is_what_pandas_calls_not_a_time() -> None:
    assert np.array([NO_DATE]).astype("datetime64[s]").tolist() == [None]


def test_the_frame_holds_a_row_for_each_ticket_in_their_order() -> None:
    columns = collected(one_row(2), one_row(3, "all tills are down", urgent=True))
    frame = columns.frame(["incoming/a.csv", "incoming/b.csv"])
    assert len(columns) == len(frame) == 2
    assert frame["ticket_id"].tolist() == [text_hash("T-2"), text_hash("T-3")]
    assert frame["urgent"].tolist() == [False, True]
    assert frame["file"].tolist() == ["incoming/a.csv", "incoming/b.csv"]
    assert frame["source"].tolist() == ["email", "email"]
    assert frame["created_at"].isna().all()
    assert frame["split_key"].nunique() == frame["same_text"].nunique() == 2


def test_digits_are_part_of_what_makes_two_tickets_the_same_and_not_of_their_side() -> None:
    frame = collected(one_row(2, "order 1"), one_row(3, "order 2")).frame(["a", "b"])
    assert frame["split_key"].nunique() == 1
    assert frame["same_text"].nunique() == 2


def test_rows_that_are_not_kept_are_as_if_they_had_never_come() -> None:
    columns = collected(one_row(2))
    for line in (3, 4):
        columns.add(one_row(line), 1, [0], [NO_DATE], [NO_DATE])
    columns.end_file(1, np.zeros(2, bool))
    files = ["a", "b"]
    pd.testing.assert_frame_equal(columns.frame(files), collected(one_row(2)).frame(files))
    assert len(columns) == 1
