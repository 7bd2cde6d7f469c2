"""A CSV from the bucket -> tickets with labels; hostile input costs what the caps say and never
more.

What is not taken is reported by line and reason, and no reason ever repeats what a cell holds.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple

from jobs.tickets.file_report import Problem
from jobs.tickets.header import NO_ALIASES, Aliases, BadHeader, Header, read_header
from jobs.tickets.lines import LIMITS, FileRefused, Limits, read_lines
from jobs.tickets.records import Record, read_records
from urgency.errors import BadTicket
from urgency.ticket import CATEGORY_MAX, Ticket, normal_ticket

LABELS = {"urgent": True, "non-urgent": False, "nonurgent": False, "not-urgent": False}
"""Spelling -> urgent; case does not matter, and spaces, underscores and any dash count as a hyphen.
"""

_TEXT_COLUMNS = ("title", "description", "source", "customer_tier")
_GAPS = re.compile(r"[\s_\-\u2010-\u2015]+")


class Row(NamedTuple):
    """A good row; `line` counts physical lines from 1, `created_at` is the cell ("" for none)."""

    line: int
    ticket: Ticket
    urgent: bool
    ticket_id: str
    created_at: str


class CsvFile(NamedTuple):
    """An opened CSV: headers that are not read, and its rows, good and bad, as they are read."""

    columns_ignored: tuple[str, ...]
    rows: Iterator[Row | Problem]


def read_csv(
    stream: BinaryIO, *, aliases: Aliases = NO_ALIASES, limits: Limits = LIMITS
) -> CsvFile:
    """Read the header now, rows as they are asked for. Raises FileRefused, now or at a row."""
    records = read_records(read_lines(stream, limits), limits)
    first = next(records, None)
    if first is None:
        raise FileRefused(1, "the file has no header and no rows.")
    if isinstance(first, Problem):
        raise FileRefused(first.line, f"the header cannot be read: {first.reason}")
    try:
        header = read_header(first.fields, aliases, most=limits.columns)
    except BadHeader as error:
        raise FileRefused(first.line, str(error)) from None
    return CsvFile(header.ignored, _rows(records, header, limits))


def _rows(
    records: Iterator[Record | Problem], header: Header, limits: Limits
) -> Iterator[Row | Problem]:
    for record in islice(records, limits.rows):
        yield record if isinstance(record, Problem) else _row(record, header)
    if surplus := next(records, None):
        raise FileRefused(
            surplus.line,
            f"the file has more than {limits.rows:,} rows; split it into smaller ones.",
        )


def _row(record: Record, header: Header) -> Row | Problem:
    def cell(column: str) -> str:
        place = header.places.get(column)
        return "" if place is None else record.fields[place]

    urgent = read_label(cell("label_urgency"))
    if urgent is None:
        return Problem(record.line, f"{header.label_name} is neither urgent nor non-urgent.")
    ticket_id = unicodedata.normalize("NFC", cell("ticket_id").strip())
    if len(ticket_id) > CATEGORY_MAX:
        return Problem(record.line, f"ticket_id has more than {CATEGORY_MAX} characters.")
    try:
        ticket = normal_ticket(*map(cell, _TEXT_COLUMNS))
    except BadTicket as error:
        return Problem(record.line, str(error))
    return Row(record.line, ticket, urgent, ticket_id, cell("created_at").strip())


def read_label(text: str) -> bool | None:
    """Whether a label says urgent; None when it says neither."""
    known = LABELS.get(text)
    return LABELS.get(_GAPS.sub("-", text.strip().casefold())) if known is None else known
