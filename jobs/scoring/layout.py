"""How a file is read, decided once for all of its ranges: kind, encoding, table, first record."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from jobs.scoring.line_ends import LineEnds
from jobs.tickets.chunks import Records
from jobs.tickets.container import Text, Workbook, open_container
from jobs.tickets.encoding import Decoder
from jobs.tickets.file_report import Problem
from jobs.tickets.find_table import find_table
from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.lines import split_lines
from jobs.tickets.markup import is_markup
from jobs.tickets.objects import is_document, object_table, read_objects
from jobs.tickets.reader import first_lines, first_text, open_file
from jobs.tickets.records import read_records
from jobs.tickets.rules import Rules
from jobs.tickets.table import TEXTS, Table, what_is_missing

ARCHIVES = Limits(object_bytes=2**60, lines=2**60, rows=2**60, cpu_s=float("inf"), cut_gzip=False)
"""An archive may be as large as it likes: its ranges are read in bounded memory."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a record begins: its place in bytes, and the number of its line, from 1."""

    at: int
    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is read. `names`: the columns as they are written; `first`: the first record."""

    encoding: str
    is_json: bool
    is_packed: bool
    table: Table
    names: tuple[str, ...]
    first: Begin

    def records(self, blocks: Iterable[list[str]], line: int) -> Iterator[Records | Problem]:
        """The records in lines of which the first has this number. Raises FileRefused."""
        if self.is_json:
            return read_objects(blocks, self.names, line)
        width = len(self.table.header)
        return read_records(blocks, self.table.dialect, width, line, ARCHIVES)

    def lines(self, blocks: Iterator[bytes]) -> Iterator[list[str]]:
        """The lines of these bytes, which begin one. Raises FileRefused."""
        return split_lines(Decoder(self.encoding).decode(blocks), ARCHIVES)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table of a workbook or a JSON document: it is read whole."""

    table: Table
    records: Iterator[Records | Problem]


def layout_of(stream: BinaryIO, rules: Rules) -> Layout | None:
    """How the text in `stream` is read; None for what is read whole. Raises FileRefused.

    It is read as far as the first byte that tells its encoding: to the end where all is ASCII.
    """
    container = open_container(stream, replace(ARCHIVES, cut_gzip=True))
    if isinstance(container, Workbook):
        return None
    head: list[bytes] = []
    decoder = Decoder()
    begin, texts = first_text(decoder.decode(_kept(container.blocks, head)))
    if is_markup(begin) or is_document(begin, rules):
        return None
    sample, _ = first_lines(split_lines(texts, ARCHIVES))
    while decoder.encoding == "ascii" and next(texts, None) is not None:
        pass
    return _layout(sample, head, decoder.encoding, container, rules)


def sheet_of(stream: BinaryIO, rules: Rules) -> Sheet:
    """The table of what is read whole. Raises FileRefused."""
    opened = open_file(stream, rules)
    return Sheet(_with_text(opened.table), opened.records)


def _layout(
    sample: list[str], head: list[bytes], encoding: str, container: Text, rules: Rules
) -> Layout:
    is_json = bool(sample) and sample[0].startswith("{")
    if is_json:
        names, table = object_table(sample, rules)
        first = Begin(0, 1)
    else:
        table = find_table(sample, rules)
        line = sample[table.begin - 1]
        names = next(csv.reader([line], **table.dialect.options))
        places = LineEnds(encoding).ends(b"".join(head))
        at = next((at for number, at in enumerate(places, 1) if number == table.begin), None)
        first = Begin(sum(map(len, head)) if at is None else at, table.begin + 1)
    return Layout(encoding, is_json, container.packed, _with_text(table), tuple(names), first)


def _with_text(table: Table) -> Table:
    """The table itself, where it has a text. Raises FileRefused."""
    if not any(text in table.places for text in TEXTS):
        raise FileRefused(table.begin, what_is_missing(table))
    return table


_HEAD_BYTES = 4 * 2**20  # more than the lines that are looked at for a header


def _kept(blocks: Iterator[bytes], head: list[bytes]) -> Iterator[bytes]:
    """The blocks, the first of which are put into `head`."""
    size = 0
    for block in blocks:
        if size < _HEAD_BYTES:
            head.append(block)
            size += len(block)
        yield block
