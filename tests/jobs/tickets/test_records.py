"""Records: a bad one costs itself, and no line inside a record is ever a row."""

from __future__ import annotations

import io

import pytest

from jobs.tickets.dialect import Dialect, split_fields
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import Limits
from jobs.tickets.reader import open_file
from jobs.tickets.records import BAD_QUOTE, UNCLOSED, read_records
from tests.support.job.csv_files import HEADER, csv_bytes, read, report, row


def test_quoted_cells_may_span_lines_and_hold_quotes_and_commas() -> None:
    rows, problems = read(csv_bytes(row(1, '"first\nsecond, ""quoted""\n\nlast"'), row(2)))
    assert [(found.line, found.ticket.description) for found in rows] == [
        (2, 'first\nsecond, "quoted"\n\nlast'),
        (6, "the printer is out of toner"),
    ]
    assert not problems


def test_spaces_around_a_quoted_field_are_no_part_of_it() -> None:
    assert split_fields('a, "b, c" ,d', Dialect()) == ["a", "b, c", "d"]


def test_backslashes_escape_quotes_where_that_makes_a_file_readable() -> None:
    texts = [r'"she said \"now\", and\nleft"', r'"a path C:\\temp"', r'"\"all\" of it"']
    rows, problems = read(csv_bytes(*(row(n, text) for n, text in enumerate(texts * 4))))
    assert not problems
    assert rows[0].ticket.description == 'she said "now", andnleft'
    assert rows[1].ticket.description == "a path C:\\temp"


def test_a_backslash_that_escapes_nothing_stays() -> None:
    [found], _ = read(csv_bytes(row(1, r'"C:\temp, C:\new"')))
    assert found.ticket.description == r"C:\temp, C:\new"


STYLES = {"minimal": (), "texts quoted": (2, 3), "all quoted": tuple(range(7))}


def styled(number: int, quoted: tuple[int, ...], separator: str, text: str | None = None) -> str:
    cells = row(number, "the printer is slow").split(",")
    cells = [f'"{cell}"' if place in quoted else cell for place, cell in enumerate(cells)]
    if text is not None:
        cells[3] = text
    return separator.join(cells)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoted", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(
    "text",
    [
        '"He said "look" here\nBAIT\nend"',
        '"He said "look here\nBAIT\nend"',
        '"He said look" here\nmore\nBAIT\nBAIT\nend"',
        '"He said \\"look\\" here\nBAIT\nend"',
        '"He said ""look"" here "now\nBAIT\nend"',
        "no quotes at all\nBAIT\nend",
    ],
)
def test_no_line_inside_a_bad_record_is_a_row(
    text: str, quoted: tuple[int, ...], separator: str
) -> None:
    bait = styled(66, quoted, separator)
    rows = [styled(n, quoted, separator) for n in (1, 3, 4)]
    rows.insert(1, styled(2, quoted, separator, text.replace("BAIT", bait)))
    names = HEADER.replace(",", separator)
    found, problems = read(csv_bytes(*rows, styled(5, (2, 3), separator), header=names))
    assert [one.ticket_id for one in found] == ["T-1", "T-3", "T-4", "T-5"]
    assert list(problems) == [3]


@pytest.mark.parametrize("quoted", [(2, 3), tuple(range(7))], ids=["texts", "all"])
@pytest.mark.parametrize("rest", ["", "\nsecond line", "\nsecond\n\nthird, line"])
def test_a_quote_that_never_closes_costs_one_record(quoted: tuple[int, ...], rest: str) -> None:
    rows = [styled(n, quoted, ",") for n in range(1, 9)]
    rows[2] = styled(3, quoted, ",", f'"never closed{rest}')
    found, problems = read(csv_bytes(*rows))
    assert [one.ticket_id for one in found] == [f"T-{n}" for n in (1, 2, 4, 5, 6, 7, 8)]
    assert problems == {4: UNCLOSED}


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
    assert [found.ticket_id for found in rows] == ["T-1", "T-3", "T-4", "T-5", "T-6"]
    assert list(problems) == [3]
    assert problems[3] in (BAD_QUOTE, UNCLOSED)


def test_a_quote_left_open_costs_one_row_however_many_rows_follow() -> None:
    follow = [row(number, '"' + "x" * 500 + '"') for number in range(3, 4_000)]
    rows, problems = read(csv_bytes(row(1), row(2, '"open'), *follow))
    assert len(rows) == len(follow) + 1
    assert problems == {3: UNCLOSED}


def test_a_file_cut_in_the_middle_of_a_quote_loses_only_that_row() -> None:
    body = csv_bytes(row(1, '"a, b"'), row(2)) + b'T-3,,Ticket 3,"cut\nin the middle\nof a'
    rows, problems = read(body)
    assert [found.ticket_id for found in rows] == ["T-1", "T-2"]
    assert list(problems) == [4]


def test_a_row_of_many_lines_that_lacks_a_field_is_one_row() -> None:
    rows, problems = read(csv_bytes('T-1,,"a\nb\nc",web,free,urgent', row(2)))
    assert [found.ticket_id for found in rows] == ["T-2"]
    assert problems == {2: "the row has 6 fields, the header has 7."}


def test_rows_that_lack_a_field_cost_themselves_only() -> None:
    short = ",".join(row(2).split(",")[:-1])
    rows, problems = read(csv_bytes(row(1), short, row(3), short, row(5)))
    assert [found.ticket_id for found in rows] == ["T-1", "T-3", "T-5"]
    assert list(problems) == [3, 5]


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(all_quoted=True), Dialect(";", "'")])
def test_what_is_written_is_read_as_it_was(dialect: Dialect) -> None:
    fields = ["a", "", ' "b" ', "'c', d; e", "two\nlines", '""', "''"]
    assert split_fields(dialect.written(fields), dialect) == fields
    body = [dialect.written(fields).split("\n")] * 3
    found = list(read_records(body, dialect, len(fields)))
    assert [one.fields for one in found if not isinstance(one, Problem)] == [[fields] * 3]


def test_quotes_inside_are_read_the_same_however_the_rest_is_quoted() -> None:
    cell = '"the ""big"" printer"'
    mixed = [row(1, cell), row(2, cell).replace("web", '"web"'), row(3, f" {cell} ")]
    rows, problems = read(csv_bytes(*mixed))
    assert [found.ticket.description for found in rows] == ['the "big" printer'] * 3
    assert not problems


def test_surplus_fields_are_dropped_where_they_are_empty() -> None:
    rows, problems = read(csv_bytes(row(1) + ",", row(2) + ",,", row(3) + ",x"))
    assert [found.ticket_id for found in rows] == ["T-1", "T-2"]
    assert problems == {4: "the row has 8 fields, the header has 7."}


def test_blank_rows_are_no_rows() -> None:
    rows, problems = read(csv_bytes("", row(1), "   ", ",,,,,,", ",,", '"",""', row(2), ""))
    assert [found.line for found in rows] == [3, 8]
    assert not problems


def test_counts_are_records_and_not_lines() -> None:
    told = report(csv_bytes(row(1, '"a\nb"'), row(2, '"a "b" c\nd\ne"'), row(3), row(4, '"x\n\n"')))
    assert (told.records, told.accepted, told.quarantined) == (4, 3, 1)


class CountedLines:
    """A row whose quote stays open, and row after row; counts those it gave."""

    def __init__(self, rows: int) -> None:
        self.given, self._lines = 0, ['"open', *["x" * 9] * rows]

    def __iter__(self):  # type: ignore[no-untyped-def]
        for text in self._lines:
            self.given += 1
            yield [text]


def test_a_record_of_many_lines_reaches_no_further_than_its_bound() -> None:
    lines = CountedLines(rows=10_000)
    records = read_records(lines, Dialect(), 2, limits=Limits(record_characters=1_000))
    problem = next(records)
    assert isinstance(problem, Problem)
    assert problem.line == 1
    assert lines.given < 400  # 1,000 characters are about 100 of these rows


class CountedText(str):
    """A line that counts the characters that looking for quotation marks has cost."""

    seen = 0

    def count(self, *wanted: object) -> int:
        CountedText.seen += len(self)
        return super().count(*wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line", ['a,"b', 'a",b,"c', '"', '""","', 'a,"b""', "plain,text", "a,b,c", 'a,b "c']
)
def test_reading_is_linear_whatever_the_quotes_are(line: str) -> None:
    def cost(lines: int) -> int:
        CountedText.seen = 0
        source = ([CountedText(line)] for _ in range(lines))
        assert sum(1 for _ in read_records(source, Dialect(), 2)) <= lines
        return CountedText.seen

    assert cost(8_000) <= 2.2 * cost(4_000) + 1_000


def test_no_reason_names_a_cell() -> None:
    body = csv_bytes(row(1), row(2, '"canary "x" canary"'), "canary,canary", row(3, '"canary'))
    opened = open_file(io.BytesIO(body))
    assert "canary" not in " ".join(
        found.reason for found in opened.rows() if hasattr(found, "reason")
    )
