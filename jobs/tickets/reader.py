"""A landed object -> how it is read, and its records; hostile input costs what the caps say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from jobs.tickets.chunks import Records, gathered
from jobs.tickets.container import Workbook, open_container
from jobs.tickets.encoding import Decoder
from jobs.tickets.file_report import Problem
from jobs.tickets.find_table import (
    HEADER_LINES,
    SAMPLE_CHARACTERS,
    SAMPLE_LINES,
    SEPARATORS,
    find_table,
    table_of_rows,
)
from jobs.tickets.limits import LIMITS, FileRefused, Limits
from jobs.tickets.lines import split_lines
from jobs.tickets.markup import is_markup, read_tables
from jobs.tickets.objects import is_document, object_table, read_document, read_objects
from jobs.tickets.records import read_records
from jobs.tickets.rows import Rows, label_cells, rows_of
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.table import Table

_COUNTED = 100_000  # records whose labels are looked at where a header lacks something else


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that can be read. `kind` and `encoding` are for people; `records` are read once."""

    kind: str
    encoding: str
    table: Table
    records: Iterator[Records | Problem]

    @property
    def has_header(self) -> bool:
        """Whether a line names the columns, and not each ticket anew."""
        return "JSON" not in self.kind

    def rows(self, limits: Limits = LIMITS) -> Iterator[Rows | Problem]:
        """The rows as tickets, in chunks. Raises FileRefused beyond the caps."""
        return rows_of(self.records, self.table, limits)

    def label_counts(self) -> list[Counter[str]]:
        """Of each label column, how often each value occurs in the first records."""
        counts: list[Counter[str]] = [Counter() for _ in self.table.labels]
        left = _COUNTED
        for found in self.records:
            if not isinstance(found, Problem):
                for count, at in zip(counts, self.table.labels, strict=True):
                    count.update(label_cells(found, at, self.table))
            left -= 1 if isinstance(found, Problem) else len(found)
            if left <= 0:
                break
        return counts


def open_file(stream: BinaryIO, rules: Rules = NO_RULES, limits: Limits = LIMITS) -> OpenFile:
    """Decide how the file is read. Raises FileRefused, now or while the rows are read."""
    container = open_container(stream, limits)
    if isinstance(container, Workbook):
        table, records = _sheet(container.sheets, rules)
        return OpenFile("Excel workbook", "", table, records)
    decoder = Decoder()
    head, texts = first_text(decoder.decode(container.blocks))
    packed = "gzip, " if container.packed else ""
    if is_markup(head):
        table, records = _sheet(read_tables(texts, limits), rules)
        return OpenFile(f"{packed}table of a web page or XML", decoder.name, table, records)
    if is_document(head, rules):
        table, records = read_document(texts, rules, limits)
        return OpenFile(f"{packed}JSON", decoder.name, table, records)
    blocks = split_lines(texts, limits)
    sample, rest = first_lines(blocks)
    if sample and sample[0].startswith("{"):
        names, table = object_table(sample, rules)
        kind, records = "JSON lines", read_objects(chain([sample, rest], blocks), names, 1)
    else:
        table = find_table(sample, rules)
        width, begin = len(table.header), table.begin
        lines = chain([sample[begin:], rest], blocks)
        kind = f"{SEPARATORS.get(table.dialect.separator, 'text')}s"
        records = read_records(lines, table.dialect, width, begin + 1, limits)
    return OpenFile(packed + kind, decoder.name, table, records)


def first_text(texts: Iterator[str]) -> tuple[str, Iterator[str]]:
    """The first block with something in it, and all of them."""
    seen: list[str] = []
    for text in texts:
        seen.append(text)
        if not text.isspace() and text:
            break
    return seen[-1] if seen else "", chain(seen, texts)


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


def _sheet(
    sheets: list[Iterator[list[str]]], rules: Rules
) -> tuple[Table, Iterator[Records | Problem]]:
    """The first sheet that has a header, else the one with the most known names."""
    found: list[tuple[Table, Iterator[Records | Problem]]] = []
    for sheet in sheets:
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
    return max(found, key=lambda one: one[0].known)
