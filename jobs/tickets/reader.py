"""A landed object -> how it is read, and its rows; hostile input costs what the caps say.

What is not taken is told by line and reason, and no reason ever repeats what a cell holds.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from operator import itemgetter
from typing import Any, BinaryIO, NamedTuple

from jobs.tickets.container import Workbook, cell_text, open_container
from jobs.tickets.encoding import Decoder
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import LIMITS, FileRefused, Limits
from jobs.tickets.lines import split_lines
from jobs.tickets.records import Record, Stray, read_records
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.table import (
    HEADER_LINES,
    SAMPLE_CHARACTERS,
    SAMPLE_LINES,
    SEPARATORS,
    Table,
    find_table,
    one_line,
    table_of_rows,
)
from urgency.errors import BadTicket
from urgency.ticket import CATEGORY_MAX, Ticket, normal_ticket
from urgency.vocabulary import is_null

_BAD_MOST, _BAD_SHARE = 10_000, 0.9
"""Bad records from which a file that is mostly bad is given up."""

_COUNTED = 100_000  # records whose labels are looked at where a header lacks something else
_FOOTER_MOST = 20  # lines
_NULL_MOST = 12  # characters from which a cell is no null word
_is_null = lru_cache(maxsize=65_536)(is_null)

_BROKEN = re.compile(r"[\ud800-\udfff]")
_CLOCK_EVERY = 4_096  # records between two looks at the clock


class Row(NamedTuple):
    """A row with a text. `labels`: the cells of the table's label columns, stripped, "" for none.

    `line` counts physical lines, or rows of a sheet, from 1; dates are cells as they stand.
    """

    line: int
    ticket: Ticket
    labels: tuple[str, ...]
    ticket_id: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that can be read. `kind` and `encoding` are for people; `records` are read once."""

    kind: str
    encoding: str
    table: Table
    records: Iterator[Record | Problem]

    def rows(self, limits: Limits = LIMITS) -> Iterator[Row | Problem]:
        """The rows as tickets. Raises FileRefused beyond the caps."""
        return _rows(self.records, self.table, limits)

    def label_counts(self) -> list[Counter[str]]:
        """Of each label column, how often each value occurs in the first records."""
        counts: list[Counter[str]] = [Counter() for _ in self.table.labels]
        for record in islice(self.records, _COUNTED):
            for count, at in zip(counts, self.table.labels, strict=True):
                if isinstance(record, Record) and at < len(record.fields):
                    count[record.fields[at].strip()] += 1
        return counts


def open_file(stream: BinaryIO, rules: Rules = NO_RULES, limits: Limits = LIMITS) -> OpenFile:
    """Decide how the file is read. Raises FileRefused, now or while the rows are read."""
    container = open_container(stream, limits)
    if isinstance(container, Workbook):
        table, records = _sheet(container, rules)
        return OpenFile("Excel workbook", "", table, records)
    decoder = Decoder()
    lines = split_lines(decoder.decode(container.blocks), limits)
    sample = list(_sample(lines))
    if sample and sample[0].startswith("{"):
        kind, (table, records) = "JSON lines", _objects(sample, lines, rules)
    else:
        table = find_table(sample, rules)
        width, begin = len(table.header), table.begin
        rest = chain(sample[begin:], lines)
        kind = f"{SEPARATORS.get(table.dialect.separator, 'text')}s"
        records = read_records(rest, table.dialect, width, begin + 1, limits)
    packed = "gzip, " if container.packed else ""
    return OpenFile(packed + kind, decoder.name, table, records)


def _sample(lines: Iterator[str]) -> Iterator[str]:
    characters = 0
    for _, line in zip(range(SAMPLE_LINES), lines, strict=False):
        yield line
        characters += len(line)
        if characters > SAMPLE_CHARACTERS:
            return


def _sheet(workbook: Workbook, rules: Rules) -> tuple[Table, Iterator[Record | Problem]]:
    """The first sheet that has a header, else the first one."""
    found: list[tuple[Table, Iterator[Record | Problem]]] = []
    for sheet in workbook.sheets:
        first = [row for _, row in zip(range(HEADER_LINES), sheet, strict=False)]
        if first:
            table = table_of_rows(first, rules)
            rows = enumerate(chain(first[table.begin :], sheet), table.begin + 1)
            records = (Record(line, row) for line, row in rows if any(map(str.strip, row)))
            found.append((table, iter(records)))
            if table.serves:
                return found[-1]
    if not found:
        raise FileRefused(1, "the workbook is empty.")
    return found[0]


def _objects(
    sample: Sequence[str], lines: Iterator[str], rules: Rules
) -> tuple[Table, Iterator[Record | Problem]]:
    """One JSON object a line; a column is a member of any of the first objects."""
    members = [members for line in sample if (members := _members(line))]
    names = list(dict.fromkeys(name for one in members for name in one))
    if not names:
        raise FileRefused(1, "the first line is no JSON object with members.")
    table = table_of_rows([names], rules)

    def records() -> Iterator[Record | Problem]:
        for line, text in enumerate(chain(sample, lines), 1):
            found = _members(text)
            if found:
                yield Record(line, [found.get(name, "") for name in names])
            elif text.strip():
                yield Problem(line, "the line is not a JSON object.")

    return table, records()


def _members(line: str) -> dict[str, str] | None:
    """A line's members as text, those of an object inside it by their own name."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    flat: dict[str, Any] = {}
    for name, member in value.items():
        if isinstance(member, dict):
            named = next((member[key] for key in _NAMED if key in member), None)
            flat |= {key: inner for key, inner in member.items() if key not in flat}
            flat[name] = named
        else:
            flat[name] = member
    plain = str | int | float | bool | None
    return {name: cell_text(one) for name, one in flat.items() if isinstance(one, plain)}


_NAMED = ("name", "value", "displayName", "display_value", "label")
"""What an object that stands for one value calls that value."""


def _rows(
    records: Iterable[Record | Problem], table: Table, limits: Limits
) -> Iterator[Row | Problem]:
    """Rows within the caps. Raises FileRefused beyond them."""
    bad, began, wanted = 0, time.process_time(), _cells(table)
    strays: list[Problem] = []  # left out at the end of a file, where they are a footer
    for number, record in enumerate(records, 1):
        if isinstance(record, Stray) and len(strays) < _FOOTER_MOST:
            strays.append(record)
            continue
        if bad > _BAD_MOST and bad > _BAD_SHARE * number:
            reason = f"{bad:,} of the first {number:,} rows cannot be read."
            raise FileRefused(record.line, reason)
        row = record if isinstance(record, Problem) else _row(record, table, wanted)
        if row is None:
            bad += 1
            continue
        if strays:
            yield from strays
            bad += len(strays)
            strays.clear()
        bad += isinstance(row, Problem)
        if number > limits.rows:
            raise FileRefused(row.line, f"the file has more than {limits.rows:,} rows; split it.")
        if number % _CLOCK_EVERY == 0 and time.process_time() - began > limits.cpu_s:
            reason = f"reading it takes more than {limits.cpu_s:,.0f} s; split it."
            raise FileRefused(row.line, reason)
        yield row


Cells = Callable[[list[str]], tuple[str, ...]]
_ROLES = (
    "title",
    "description",
    "source",
    "customer_tier",
    "ticket_id",
    "created_at",
    "updated_at",
)


def _row(record: Record, table: Table, wanted: Cells) -> Row | Problem | None:
    """The row; None for the header once more, as where files were put together."""
    fields = record.fields
    if fields[0] == table.header[0] and tuple(map(one_line, fields)) == table.header:
        return None
    fields.append("")  # what stands in a column that is not there
    cells = ["" if len(cell) < _NULL_MOST and _is_null(cell) else cell for cell in wanted(fields)]
    ticket_id = cells[4].strip()
    if len(ticket_id) > CATEGORY_MAX:
        return Problem(record.line, f"ticket_id has more than {CATEGORY_MAX} characters.")
    try:
        ticket = normal_ticket(*cells[:4])
    except BadTicket as error:
        return Problem(record.line, str(error))
    labels = tuple([fields[at].strip() for at in table.labels])
    told = "".join((ticket_id, *labels))
    if not told.isascii() and _BROKEN.search(told):
        return Problem(record.line, "the ticket_id or the label holds a broken character.")
    return Row(record.line, ticket, labels, ticket_id, cells[5].strip(), cells[6].strip())


def _cells(table: Table) -> Cells:
    """What takes the cells of _ROLES from a row to which an empty one was added."""
    return itemgetter(*(table.places.get(role, -1) for role in _ROLES))
