"""Records -> rows as tickets, a chunk and a column at a time, within the caps.

What is not taken is reported by line and reason, and no reason ever repeats what a cell holds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import itemgetter
from typing import NamedTuple

from jobs.tickets.chunks import Records, each
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.records import Stray
from jobs.tickets.table import Table, one_line
from urgency.errors import BadTicket
from urgency.ticket import (
    CATEGORY_MAX,
    NO_TEXT,
    TEXT_MAX,
    is_broken,
    normal_category,
    normal_text,
    normal_ticket,
)
from urgency.vocabulary import is_null, level_tags

_BAD_MOST, _BAD_SHARE = 10_000, 0.9
"""Bad records from which a file that is mostly bad is given up."""

_FOOTER_MOST = 20  # lines
_LOOKED_AT = 4  # characters of a first cell
_NULL_MOST = 12  # characters from which a cell is no null word
_CLOCK_EVERY = 4_096  # records between two looks at the clock


class Rows(NamedTuple):
    """Rows with a text, a list a column; texts and categories are in a ticket's normal form.

    `line` counts physical lines, or rows of a sheet, from 1; dates are cells as they stand;
    `labels`: of each row the cells of the table's label columns, stripped, "" for none.
    """

    line: list[int]
    title: list[str]
    description: list[str]
    source: list[str]
    customer_tier: list[str]
    ticket_id: list[str]
    created_at: list[str]
    updated_at: list[str]
    labels: list[tuple[str, ...]]


def rows_of(
    found: Iterable[Records | Problem], table: Table, limits: Limits
) -> Iterator[Rows | Problem]:
    """Rows within the caps. Raises FileRefused beyond them."""
    caps = _Caps(limits)
    strays: list[Problem] = []  # left out at the end of a file, where they are a footer
    for item in found:
        if isinstance(item, Stray) and len(strays) < _FOOTER_MOST:
            strays.append(item)
            caps.number += 1
            continue
        for part in caps.parts(item, len(strays)):
            caps.begin(part)
            rows, problems = (None, [part]) if isinstance(part, Problem) else judged(part, table)
            taken = len(rows.line) if rows else 0
            caps.bad += (1 if isinstance(part, Problem) else len(part)) - taken
            if not taken and not problems:
                continue
            caps.bad += len(strays)
            yield from strays
            strays.clear()
            caps.check(part)
            yield from problems
            if rows and taken:
                yield rows


class _Caps:
    """Counts of the records so far, and when they are too many, too bad or too slow."""

    def __init__(self, limits: Limits) -> None:
        self.number = self.bad = 0
        self._limits, self._began, self._looked = limits, time.process_time(), 0

    def parts(self, item: Records | Problem, strays: int) -> Iterable[Records | Problem]:
        """The item itself, or its rows one by one where the file may be refused at one of them."""
        if isinstance(item, Problem):
            return [item]
        number, bad = self.number + len(item), self.bad + strays + len(item)
        is_safe = bad <= max(_BAD_MOST, _BAD_SHARE * self.number) and number <= self._limits.rows
        return [item] if is_safe else item.singles()

    def begin(self, part: Records | Problem) -> None:
        """Count a part. Raises FileRefused where too much is bad."""
        self.number += 1 if isinstance(part, Problem) else len(part)
        if self.bad > _BAD_MOST and self.bad > _BAD_SHARE * self.number:
            reason = f"{self.bad:,} of the first {self.number:,} rows cannot be read."
            raise FileRefused(_line(part), reason)

    def check(self, part: Records | Problem) -> None:
        """Raise FileRefused where there are too many rows or they take too long."""
        most, cpu_s = self._limits.rows, self._limits.cpu_s
        if self.number > most:
            raise FileRefused(_line(part), f"the file has more than {most:,} rows; split it.")
        if self.number < self._looked + _CLOCK_EVERY:
            return
        self._looked = self.number
        if time.process_time() - self._began > cpu_s:
            reason = f"reading it takes more than {cpu_s:,.0f} s; split it."
            raise FileRefused(_line(part), reason)


def _line(part: Records | Problem) -> int:
    return part.line if isinstance(part, Problem) else part.lines[-1]


def judged(records: Records, table: Table) -> tuple[Rows, list[Problem]]:
    """The rows, and what is wrong with others; the header once more is neither."""
    cells = _cells(_without_headers(records, table), table)
    limited = (
        *((column, TEXT_MAX) for column in (cells.title, cells.description)),
        *((column, CATEGORY_MAX) for column in (cells.source, cells.customer_tier)),
        (cells.ticket_id, CATEGORY_MAX),
        ([*map("".join, cells.labels)], math.inf),
    )
    unfit = {at for column, most in limited for at in _unfit(column, most)}
    problems = [Problem(cells.line[at], _reason(cells, at)) for at in unfit]
    rows = _normal(_without(cells, unfit))
    empty = set()
    if not all(map(str.strip, rows.title)):
        texts = enumerate(zip(rows.title, rows.description, strict=True))
        empty = {at for at, pair in texts if not any(map(str.strip, pair))}
    problems += [Problem(rows.line[at], NO_TEXT) for at in empty]
    return _without(rows, empty), sorted(problems)


def _without_headers(records: Records, table: Table) -> Records:
    """Without the header where it comes again, as where files were put together."""
    first = table.header[0]
    kept = [
        _differs(fields[0], first) or tuple(map(one_line, fields)) != table.header
        for fields in records.fields
    ]
    if all(kept):
        return records
    return Records([*compress(records.lines, kept)], [*compress(records.fields, kept)])


def _differs(cell: str, name: str) -> bool:
    """Whether a cell surely is not this name: a cheap look at where nearly all differ."""
    return cell[:1].isprintable() and cell.lstrip()[:_LOOKED_AT] != name[:_LOOKED_AT]


def _cells(records: Records, table: Table) -> Rows:
    """What stands in the columns, without null words."""

    def column(role: str) -> list[str]:
        place = table.places.get(role)
        return [""] * len(records) if place is None else [*map(itemgetter(place), records.fields)]

    def stripped(role: str) -> list[str]:
        return [*map(str.strip, _filled(column(role)))]

    labels = [label_cells(records, at, table) for at in table.labels]
    return Rows(
        line=records.lines,
        title=_filled(column("title")),
        description=_filled(column("description")),
        source=_filled(column("source")),
        customer_tier=_filled(column("customer_tier")),
        ticket_id=stripped("ticket_id"),
        created_at=stripped("created_at"),
        updated_at=stripped("updated_at"),
        labels=[*zip(*labels, strict=True)] if labels else [()] * len(records),
    )


def label_cells(records: Records, column: int, table: Table) -> list[str]:
    """What a label column says in each row; of tags only those that say how urgent."""
    cells = [fields[column].strip() for fields in records.fields]
    return each(level_tags, cells) if table.has_tags else cells


def _filled(cells: list[str]) -> list[str]:
    """The cells, "" for null words."""
    short = {cell for cell in cells if len(cell) < _NULL_MOST}
    nulls = {cell for cell in short if cell and is_null(cell)}
    return ["" if cell in nulls else cell for cell in cells] if nulls else cells


def _unfit(cells: Sequence[str], most: float) -> list[int]:
    """Where a cell has more characters than that or a broken one."""
    if max(map(len, cells), default=0) <= most and all(map(str.isascii, cells)):
        return []
    return [at for at, cell in enumerate(cells) if len(cell) > most or is_broken(cell)]


def _reason(cells: Rows, at: int) -> str:
    """What is wrong with a row first."""
    if len(cells.ticket_id[at]) > CATEGORY_MAX:
        return f"ticket_id has more than {CATEGORY_MAX} characters."
    texts = (cells.title, cells.description, cells.source, cells.customer_tier)
    try:
        normal_ticket(*(column[at] for column in texts))
    except BadTicket as error:
        return str(error)
    return "the ticket_id or the label holds a broken character."


def _normal(cells: Rows) -> Rows:
    """The same with a ticket's normal form."""
    return cells._replace(
        title=[*map(normal_text, cells.title)],
        description=[*map(normal_text, cells.description)],
        source=each(normal_category, cells.source),
        customer_tier=each(normal_category, cells.customer_tier),
    )


def _without(rows: Rows, places: Collection[int]) -> Rows:
    if not places:
        return rows
    kept = [at not in places for at in range(len(rows.line))]
    return Rows(*([*compress(column, kept)] for column in rows))  # type: ignore[arg-type]
