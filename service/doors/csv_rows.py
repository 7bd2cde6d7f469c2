"""CSV -> rows and the ticket in each; rows -> CSV (RFC 4180).

The header may use any name that files use, in any order; the separator is the one that makes most
names of it. A word such as N/A or NULL is as if its cell were empty.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from service.members import FIELDS, NAME_MAX
from service.problems import Problem
from urgency.vocabulary import LABEL_MAX, is_null, role_of

CSV = "text/csv"
SEPARATORS = ",;\t|"
COLUMNS_MAX = 1_000
FIELD_MAX = 2_000_000
"""Characters of a cell, more than a body has; the csv module's own bound ends the reading."""

_NO_TEXT = (
    "The first line has to name the columns, one of them title or description, or a name that"
    " means the same, as subject or body."
)
_is_null = lru_cache(maxsize=4_096)(is_null)  # the same words come in every row


class Found(NamedTuple):
    """A row as sent, by column, and its ticket as JSON; or what is wrong with it."""

    sent: dict[str, Any]
    ticket: bytes
    error: str = ""


def csv_rows(body: bytes) -> tuple[str, Iterator[Found]]:
    """The separator of a table, and its rows. Raises Problem 400, and 422 without a text column."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(400, "The body is not UTF-8; save the table as CSV UTF-8.") from None
    csv.field_size_limit(FIELD_MAX)
    table = io.StringIO(text.lstrip("\r\n"), newline="")
    separator = _separator(table.readline())
    table.seek(0)
    records = filter(None, csv.reader(table, delimiter=separator))
    header = next(records, [])
    keys = _keys(header)
    if not {"title", "description"} & {_field(name) for name in keys}:
        raise Problem(422, f"{_NO_TEXT} It has {len(header):,} columns.")
    return separator, _rows(_different(header), header, keys, records)


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]], separator: str) -> bytes:
    """A table with its header, in UTF-8."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=separator)
    writer.writerow(columns)
    writer.writerows(rows)
    return table.getvalue().encode()


def _rows(
    columns: list[str], header: list[str], keys: dict[str, str], records: Iterable[list[str]]
) -> Iterator[Found]:
    kept = [(place, keys[name]) for place, name in enumerate(header) if name in keys]
    uneven = "cells, and the header has"
    for cells in records:
        sent = dict(zip(columns, cells, strict=False))
        if len(cells) != len(columns):
            error = f"{len(cells):,} {uneven} {len(columns):,}; put such a text in quotes."
            yield Found(sent, b"", error)
        else:
            ticket = {key: "" if _says_nothing(cells[at]) else cells[at] for at, key in kept}
            yield Found(sent, msgspec.json.encode(ticket))


def _keys(header: list[str]) -> dict[str, str]:
    """The columns that are read -> the API's own name, or their own where two mean the same."""
    if len(header) > COLUMNS_MAX:
        raise Problem(422, f"{len(header):,} columns; at most {COLUMNS_MAX:,} are read.")
    names: dict[str, list[str]] = defaultdict(list)
    for name in header:
        if field := _field(name):
            names[field].append(name)
    alone = {listed[0]: field for field, listed in names.items() if len(listed) == 1}
    return {name: alone.get(name, name) for listed in names.values() for name in listed}


def _field(name: str) -> str | None:
    """The API's own name for what a column means."""
    if name in FIELDS.values():
        return name
    return FIELDS.get(role_of(name) or "") if len(name) <= NAME_MAX else None


def _separator(line: str) -> str:
    """Of the candidates the one that makes most known names of a header."""

    def known(separator: str) -> int:
        names = next(csv.reader([line], delimiter=separator), [])
        return sum(_field(name) is not None for name in names[:COLUMNS_MAX])

    return max(SEPARATORS, key=known)


def _different(header: list[str]) -> list[str]:
    """The names; one that comes again has its place behind it."""
    first = {name: place for place, name in reversed([*enumerate(header)])}
    return [
        name if first[name] == place else f"{name}.{place}" for place, name in enumerate(header)
    ]


def _says_nothing(cell: str) -> bool:
    return len(cell) <= LABEL_MAX and _is_null(cell)
