"""A landed object -> how it is read, and its records; hostile input costs what the caps say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from jobs.tickets.chunks import Records, gathered
from jobs.tickets.container import Workbook, cell_text, open_container
from jobs.tickets.encoding import Decoder
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import LIMITS, FileRefused, Limits
from jobs.tickets.lines import split_lines
from jobs.tickets.records import read_records
from jobs.tickets.rows import Rows, rows_of
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.table import (
    HEADER_LINES,
    SAMPLE_CHARACTERS,
    SAMPLE_LINES,
    SEPARATORS,
    Table,
    find_table,
    table_of_rows,
)

_COUNTED = 100_000  # records whose labels are looked at where a header lacks something else


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that can be read. `kind` and `encoding` are for people; `records` are read once."""

    kind: str
    encoding: str
    table: Table
    records: Iterator[Records | Problem]

    def rows(self, limits: Limits = LIMITS) -> Iterator[Rows | Problem]:
        """The rows as tickets, in chunks. Raises FileRefused beyond the caps."""
        return rows_of(self.records, self.table, limits)

    def label_counts(self) -> list[Counter[str]]:
        """Of each label column, how often each value occurs in the first records."""
        counts: list[Counter[str]] = [Counter() for _ in self.table.labels]
        left = _COUNTED
        for found in self.records:
            rows = [] if isinstance(found, Problem) else found.fields[:left]
            for count, at in zip(counts, self.table.labels, strict=True):
                count.update(fields[at].strip() for fields in rows if at < len(fields))
            left -= max(1, len(rows))
            if not left:
                break
        return counts


def open_file(stream: BinaryIO, rules: Rules = NO_RULES, limits: Limits = LIMITS) -> OpenFile:
    """Decide how the file is read. Raises FileRefused, now or while the rows are read."""
    container = open_container(stream, limits)
    if isinstance(container, Workbook):
        table, records = _sheet(container, rules)
        return OpenFile("Excel workbook", "", table, records)
    decoder = Decoder()
    blocks = split_lines(decoder.decode(container.blocks), limits)
    sample, rest = first_lines(blocks)
    if sample and sample[0].startswith("{"):
        kind, (table, records) = "JSON lines", _objects(sample, chain([rest], blocks), rules)
    else:
        table = find_table(sample, rules)
        width, begin = len(table.header), table.begin
        lines = chain([sample[begin:], rest], blocks)
        kind = f"{SEPARATORS.get(table.dialect.separator, 'text')}s"
        records = read_records(lines, table.dialect, width, begin + 1, limits)
    packed = "gzip, " if container.packed else ""
    return OpenFile(packed + kind, decoder.name, table, records)


def first_lines(blocks: Iterator[list[str]]) -> tuple[list[str], list[str]]:
    """The first lines, and the rest of the block in which they end."""
    sample: list[str] = []
    characters = 0
    for block in blocks:
        for at, line in enumerate(block, 1):
            sample.append(line)
            characters += len(line)
            if len(sample) == SAMPLE_LINES or characters > SAMPLE_CHARACTERS:
                return sample, block[at:]
    return sample, []


def _sheet(workbook: Workbook, rules: Rules) -> tuple[Table, Iterator[Records | Problem]]:
    """The first sheet that has a header, else the first one."""
    found: list[tuple[Table, Iterator[Records | Problem]]] = []
    for sheet in workbook.sheets:
        first = [row for _, row in zip(range(HEADER_LINES), sheet, strict=False)]
        if first:
            table = table_of_rows(first, rules)
            rows = enumerate(chain(first[table.begin :], sheet), table.begin + 1)
            filled = ((line, row) for line, row in rows if any(map(str.strip, row)))
            found.append((table, gathered(filled)))
            if table.serves:
                return found[-1]
    if not found:
        raise FileRefused(1, "the workbook is empty.")
    return found[0]


def _objects(
    sample: Sequence[str], blocks: Iterable[list[str]], rules: Rules
) -> tuple[Table, Iterator[Records | Problem]]:
    """One JSON object a line."""
    names = object_names(sample)
    return table_of_rows([names], rules), read_objects(chain([[*sample]], blocks), names, 1)


def object_names(lines: Sequence[str]) -> list[str]:
    """The columns of JSON lines that begin so: members of any of these. Raises FileRefused."""
    members = [members for line in lines if (members := _members(line))]
    names = list(dict.fromkeys(name for one in members for name in one))
    if not names:
        raise FileRefused(1, "the first line is no JSON object with members.")
    return names


def read_objects(
    blocks: Iterable[list[str]], names: Sequence[str], first: int
) -> Iterator[Records | Problem]:
    """The members with these names of the object in each line; `first`: number of the first."""

    def rows() -> Iterator[tuple[int, list[str]] | Problem]:
        for line, text in enumerate(chain.from_iterable(blocks), first):
            found = _members(text)
            if found:
                yield line, [found.get(name, "") for name in names]
            elif text.strip():
                yield Problem(line, "the line is not a JSON object.")

    return gathered(rows())


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
