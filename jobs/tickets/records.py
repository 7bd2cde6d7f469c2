"""Physical lines -> records of one width; a bad record costs itself and no line of it is a row.

The grammar is RFC 4180's, spaces around a quoted field allowed: a field with a quote in it stands
in quotes, with each inner one doubled or, in some files, behind a backslash. The csv module reads
all records that keep it; the others come here, where it is found out how far a bad record reaches:

* a quote out of place makes a bad record of all lines until the quotes are even again;
* where a bad record lacks its last fields and one of the next lines has just these, that line and
  all between belong to it;
* a quote that is never closed shows when one that looks like an opening quote would close it, or
  when the record outgrows its bound: then the next line that begins a good record ends it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from jobs.tickets.chunks import LineSource, Records, in_chunks
from jobs.tickets.dialect import Dialect, is_surplus_empty, split_fields
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import LIMITS, Limits

BAD_QUOTE = (
    'a quotation mark is out of place; write " inside a text as "" and put the text in quotes.'
)
UNCLOSED = "a quotation mark is never closed; the next row is read again."
_TRIED_LINES = 200  # of a record, when a line is asked whether it begins a good one
_REST_LINES = 20  # in which the rest of a broken record is looked for


class Stray(Problem):
    """A line with one field where there should be more: text below the table, or between rows."""


def read_records(
    blocks: Iterable[list[str]],
    dialect: Dialect,
    width: int,
    first: int = 1,
    limits: Limits = LIMITS,
) -> Iterator[Records | Problem]:
    """Records of `width` fields, bad ones as Problems; rows with nothing in them are left out.

    blocks: of lines.   first: the number of the first line.   Surplus fields are dropped where
    they are empty.
    """
    csv.field_size_limit(limits.record_characters)
    chunk = Records()
    return in_chunks(_found(LineSource(blocks, first), dialect, width, limits, chunk), chunk)


def _found(
    source: LineSource, dialect: Dialect, width: int, limits: Limits, chunk: Records
) -> Iterator[Problem | None]:
    """Good records go into `chunk`; bad ones, and None where it is full."""
    while True:
        start = source.number
        reader = csv.reader(source.ended(), strict=True, **dialect.options)
        try:
            for row in reader:
                fields: list[str] | Problem = row
                number, source.number = source.number, start + reader.line_num
                text = "".join(row)
                if not text or text.isspace():
                    continue
                if len(row) != width or dialect.quote in text:
                    fields = _looked_at(source, row, number, dialect, width)
                if isinstance(fields, Problem):
                    yield fields
                    break
                if chunk.add(number, fields, len(text)):
                    yield None
            else:
                return
        except csv.Error:
            number, end = source.number, start + reader.line_num
            fields = _bad_record(source, source.lines(end - number), dialect, width, limits)
            if isinstance(fields, Problem):
                yield fields
            elif chunk.add(number, fields, sum(map(len, fields))):
                yield None


def _looked_at(
    source: LineSource, fields: list[str], number: int, dialect: Dialect, width: int
) -> list[str] | Problem:
    """What the csv module made of the last record, which has quotes or another width."""
    taken = "\n".join(source.since(number))
    if len(fields) == width and dialect.is_plain and taken == dialect.written(fields):
        return fields
    found = _judged(taken, number, dialect, width)
    if isinstance(found, Problem) and not isinstance(found, Stray):
        source.number += _rest_lines(taken, source, dialect, width)
    return found


def _judged(taken: str, number: int, dialect: Dialect, width: int) -> list[str] | Problem:
    """The fields of a record that the csv module could read, or what is wrong with them."""
    fields = split_fields(taken, dialect)
    if isinstance(fields, int):
        return Problem(number, BAD_QUOTE)
    if is_surplus_empty(fields, width):
        fields = fields[:width]
    if len(fields) == 1 < width:
        return Stray(number, f"the row has 1 field, the header has {width:,}.")
    if len(fields) != width:
        return Problem(number, f"the row has {len(fields):,} fields, the header has {width:,}.")
    return fields


def _bad_record(
    source: LineSource, lines: list[str], dialect: Dialect, width: int, limits: Limits
) -> list[str] | Problem:
    """The record at which the csv module stopped, as far as it reaches.

    lines: those that the csv module took.
    """
    number = source.number
    odd = sum(map(dialect.is_odd, lines)) % 2
    size = sum(map(len, lines))
    while odd and size < limits.record_characters and _grown(lines, source):
        odd ^= dialect.is_odd(lines[-1])
        size += len(lines[-1])
    text = "\n".join(lines)
    found = split_fields(text, dialect)
    if not odd and not isinstance(found, int):  # only spaces that the csv module does not know
        source.number += len(lines)
        return _judged(text, number, dialect, width)
    if odd or (isinstance(found, int) and _looks_opening(text, found, dialect)):
        last = len(lines) if odd else text.count("\n", 0, found if isinstance(found, int) else 0)
        begins = (
            at for at in range(1, last + 1) if _begins_record(source, lines, at, dialect, width)
        )
        if at := next(begins, None):
            source.number += at
            return Problem(number, UNCLOSED)
    source.number += len(lines)
    source.number += 0 if odd else _rest_lines(text, source, dialect, width)
    return Problem(number, UNCLOSED if odd else BAD_QUOTE)


def _grown(lines: list[str], source: LineSource) -> bool:
    """Whether there was a line to add to those of the current record."""
    line = source.line(len(lines))
    lines += [] if line is None else [line]
    return line is not None


def _rest_lines(text: str, source: LineSource, dialect: Dialect, width: int) -> int:
    """How many of the next lines belong to the bad record `text`; 0 where it seems whole."""
    fields = split_fields(text, dialect)
    has_quote = isinstance(fields, int)
    before = _fields_before(text, fields, dialect) if isinstance(fields, int) else len(fields)
    after = text.rpartition(dialect.quote)[2].count(dialect.separator) + 1 if has_quote else 1
    if not 1 < before < width or before + after - 1 == width:
        return 0
    for number, line in enumerate(source.lines(_REST_LINES), 1):
        rest = line
        if has_quote:
            begin, quote, rest = line.partition(dialect.quote)
            closes = rest[:1] in ("", dialect.separator) and not begin.endswith(dialect.separator)
            if quote and not closes and dialect.is_odd(line):
                return 0
            if not (quote and closes):
                continue
        if before + rest.count(dialect.separator) == width:
            return number
    return 0


def _fields_before(text: str, at: int, dialect: Dialect) -> int:
    """How many fields begin before the bad quote at this place."""
    fields, place = 0, 0
    while place <= at and (match := dialect.field.match(text, place)):
        fields, place = fields + 1, match.end() + 1
    return fields


def _looks_opening(text: str, at: int, dialect: Dialect) -> bool:
    """Whether the quote there opens a field rather than closes one."""
    before, after = text[:at].rstrip(" ")[-1:], text[at + 1 : at + 2]
    return before in ("", "\n", dialect.separator) and after not in (
        "",
        "\n",
        dialect.separator,
        dialect.quote,
    )


def _begins_record(
    source: LineSource, lines: list[str], at: int, dialect: Dialect, width: int
) -> bool:
    """Whether a good record begins at that line of the current one, whose lines may become more."""
    record: list[str] = []
    for place in range(at, at + _TRIED_LINES):
        if place == len(lines) and not _grown(lines, source):
            return False
        line = lines[place]
        if not record and dialect.all_quoted and not line.lstrip().startswith(dialect.quote):
            return False
        record.append(line)
        if sum(map(dialect.is_odd, record)) % 2 == 0:
            fields = split_fields("\n".join(record), dialect)
            return not isinstance(fields, int) and len(fields) == width
    return False
