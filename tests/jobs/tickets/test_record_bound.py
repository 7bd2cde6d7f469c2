"""A quotation mark that is never closed may not collect the rest of a file in memory."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.tickets.lines import Limits, Line
from jobs.tickets.records import BAD_QUOTE, Record, read_records

LIMITS = Limits(line_bytes=1_000)


class CountedLines:
    """A header, a row whose quote stays open, and row after row; counts those it gave."""

    def __init__(self, rows: int) -> None:
        self.given, self._lines = 0, ["a,b", '"open', *["x" * 9] * rows]

    def __iter__(self) -> Iterator[Line]:
        for number, text in enumerate(self._lines, 1):
            self.given += 1
            yield Line(number, text, False)


def test_a_record_of_many_lines_reaches_no_further_than_its_bound() -> None:
    lines = CountedLines(rows=10_000)
    records = read_records(iter(lines), LIMITS)
    assert next(records) == Record(1, ["a", "b"])
    problem = next(records)
    assert (problem.line, problem.reason) == (2, BAD_QUOTE)
    assert 90 < lines.given < 110  # 1,000 characters are about 100 of these rows


def test_a_record_within_the_bound_is_read_whole() -> None:
    lines = ["a,b", '"' + "x" * 400, "y" * 400 + '",z']
    records = list(read_records((Line(n, text, False) for n, text in enumerate(lines, 1)), LIMITS))
    assert records[1] == Record(2, ["x" * 400 + "\n" + "y" * 400, "z"])
