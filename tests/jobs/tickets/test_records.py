from __future__ import annotations

import pytest

from jobs.tickets.lines import Line
from jobs.tickets.records import BAD_QUOTE, DAMAGED, read_records, split_fields
from tests.support.job.csv_files import HEADER, csv_bytes, read, row


def test_quoted_cells_may_span_lines_and_hold_quotes_and_commas() -> None:
    rows, problems = read(csv_bytes(row(1, '"first\nsecond, ""quoted""\n\nlast"'), row(2)))
    assert [(r.line, r.ticket.description) for r in rows] == [
        (2, 'first\nsecond, "quoted"\n\nlast'),
        (6, "the printer is out of toner"),
    ]
    assert not problems


def test_spaces_around_a_quoted_field_are_no_part_of_it() -> None:
    assert split_fields('a, "b, c" ,d') == ["a", "b, c", "d"]


@pytest.mark.parametrize(
    "bad",
    [
        '"Scanner shows an error',
        '"The screen says "offline" all day"',
        'a 19" monitor',
        'an ending quote"',
        '"Hello" there',
    ],
)
def test_one_bad_quote_costs_one_row(bad: str) -> None:
    good = (row(3), row(4, '"two\nlines"'), row(5, '"Hello, all"'), row(6))
    rows, problems = read(csv_bytes(row(1), row(2, bad), *good))
    assert [r.ticket_id for r in rows] == ["T-1", "T-3", "T-4", "T-5", "T-6"]
    assert problems == {3: BAD_QUOTE}


def test_a_quote_left_open_costs_one_row_however_many_rows_follow() -> None:
    follow = [row(number, "x" * 500) for number in range(3, 6_000)]
    rows, problems = read(csv_bytes(row(1), row(2, '"open'), *follow))
    assert len(rows) == len(follow) + 1
    assert problems == {3: BAD_QUOTE}


def test_a_quote_that_swallowed_rows_and_closed_by_chance_gives_them_back() -> None:
    rows, problems = read(csv_bytes(row(1, '"open'), row(2), row(3), 'closing",here'))
    assert [r.ticket_id for r in rows] == ["T-2", "T-3"]
    assert set(problems) == {2, 5}


def test_a_file_cut_in_the_middle_of_a_quote_loses_only_that_row() -> None:
    rows, problems = read(csv_bytes(row(1), row(2)) + b'T-3,,Ticket 3,"cut\nin the middle\nof a')
    assert len(rows) == 2
    assert problems == {4: BAD_QUOTE}


def test_a_row_of_many_lines_that_lacks_a_field_is_one_row() -> None:
    rows, problems = read(csv_bytes('T-1,,"a\nb\nc",web,free,urgent', row(2)))
    assert [r.ticket_id for r in rows] == ["T-2"]
    assert problems == {2: "the row has 6 fields, the header has 7."}


def test_a_comma_at_the_end_of_every_row_shifts_nothing() -> None:
    rows, problems = read(csv_bytes(row(1) + ",", row(2) + ","))
    assert not rows
    assert set(problems.values()) == {"the row has 8 fields, the header has 7."}
    assert len(read(csv_bytes(row(1) + ",", header=HEADER + ","))[0]) == 1


def test_blank_rows_are_no_rows() -> None:
    rows, problems = read(csv_bytes("", row(1), "   ", ",,,,,,", ",,", '"",""', row(2), ""))
    assert [r.line for r in rows] == [3, 8]
    assert not problems


def test_one_broken_byte_in_a_file_that_is_utf8_costs_one_row() -> None:
    body = csv_bytes(row(1, "Störung"), row(2, "BYTE"), row(3)).replace(b"BYTE", b"br\xfcchig")
    rows, problems = read(body)
    assert [r.ticket_id for r in rows] == ["T-1", "T-3"]
    assert problems == {3: DAMAGED}


class CountedText(str):
    """A line that counts the characters that looking for quotation marks has cost."""

    seen = 0

    def count(self, *wanted: object) -> int:
        CountedText.seen += len(self)
        return super().count(*wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    ['a,"b', 'a",b,"c', '"', '""","', 'a,"b""', "plain,text"],
)
def test_reading_is_linear_whatever_the_quotes_are(line: str) -> None:
    lines = 20_000
    CountedText.seen = 0
    source = (
        Line(number, CountedText(text), False)
        for number, text in enumerate(["a,b", *[line] * lines], 1)
    )
    assert sum(1 for _ in read_records(source)) > 0
    assert CountedText.seen <= 3 * lines * (len(line) + 1)
