"""Physical lines -> records of equal width; one bad quote costs one row.

The grammar is RFC 4180's, spaces around a quoted field allowed: a field with a quotation mark in it
stands in quotation marks, with each inner one doubled. So a record ends at the first line end with
an even number of quotation marks before it, and a mark in the middle of an unquoted field is an
error, not data. That also keeps reading linear: of two lines with an odd number of marks the second
ends what the first began, so no line is tried more than twice as a continuation.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from jobs.tickets.file_report import Problem
from jobs.tickets.lines import LIMITS, Limits, Line

_FIELD = re.compile(r'[ \t]*+"([^"]*+(?:""[^"]*+)*+)"[ \t]*+(?=,|\Z)|([^",]*+)(?=,|\Z)')

BAD_QUOTE = (
    'a quotation mark is out of place or never closed; write " inside a text as "" and the text in'
    " quotes."
)
DAMAGED = 'the row holds a byte that is not UTF-8; save the file as "CSV UTF-8".'


class Record(NamedTuple):
    """The fields of one row; `line` is where it begins."""

    line: int
    fields: list[str]


def read_records(lines: Iterator[Line], limits: Limits = LIMITS) -> Iterator[Record | Problem]:
    """Records as wide as the first one, the header; each bad row is a Problem and costs no other
    row.

    Rows with nothing in them are left out. Lines that a bad quote has swallowed are read again as
    rows of their own.
    """
    source = _Source(lines)
    width = 0
    for first in source:
        group = _quoted_together(first, source, limits.line_bytes)
        text = "\n".join(line.text for line in group)
        fields = split_fields(text)
        if fields and not any(map(str.strip, fields)):
            continue
        width = width or len(fields or ())
        if reason := _why_bad(group, fields, width):
            if _has_swallowed_rows(group, text, fields, width):
                source.put_back(group[1:])
            yield Problem(first.number, reason)
        else:
            yield Record(first.number, fields or [])


def split_fields(text: str) -> list[str] | None:
    """The fields of one record; None when its quotation marks are out of place."""
    if '"' not in text:
        return text.split(",")
    fields, at = [], 0
    while match := _FIELD.match(text, at):
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        if match.end() == len(text):
            return fields
        at = match.end() + 1
    return None


class _Source:
    """Lines, some of them for the second time."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._ahead: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._ahead.popleft() if self._ahead else next(self._lines)

    def put_back(self, lines: list[Line]) -> None:
        self._ahead.extendleft(reversed(lines))


def _quoted_together(first: Line, source: _Source, most: int) -> list[Line]:
    """`first` and the lines its quotation marks reach over; fewer above `most` characters."""
    group, size, is_open = [first], len(first.text), _is_odd(first.text)
    while is_open and size <= most and (line := next(source, None)):
        group.append(line)
        size += len(line.text) + 1
        is_open ^= _is_odd(line.text)
    return group


def _is_odd(text: str) -> bool:
    return text.count('"') % 2 == 1


def _why_bad(group: list[Line], fields: list[str] | None, width: int) -> str | None:
    if fields is None:
        return BAD_QUOTE
    if len(fields) != width:
        return f"the row has {len(fields):,} fields, the header has {width:,}."
    return DAMAGED if any(line.damaged for line in group) else None


def _has_swallowed_rows(group: list[Line], text: str, fields: list[str] | None, width: int) -> bool:
    """Whether a bad record took in lines that are rows, or begin one, by themselves."""
    out_of_place = fields is None and not _is_odd(text)
    return out_of_place or any(len(split_fields(line.text) or ()) == width for line in group[1:])
