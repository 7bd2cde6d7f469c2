"""A file of an archive -> the chunks of each of its shards, whatever kind of file it is.

A plain text is cut into ranges. What is packed, or a workbook, cannot be read from its middle: its
first shard is the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, Protocol

from jobs.scoring.chain import Chain
from jobs.scoring.layout import Layout, Sheet, layout_of, sheet_of
from jobs.scoring.packed import unpacked
from jobs.scoring.places import ArchiveFile, Below
from jobs.scoring.plan import LINKS, Shard
from jobs.scoring.ranges import Found, Range
from jobs.tickets.chunks import Records
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused
from jobs.tickets.rules import Rules
from jobs.tickets.table import Table
from urgency.writes import Sleep


class Chunks(Protocol):
    """The records of a shard in order. `refused`, at the end: why it was not read further."""

    refused: Problem | None

    def __iter__(self) -> Iterator[Found]:
        """Each chunk, each problem."""
        ...

    def lines(self, begin: int, end: int) -> list[str]:
        """The lines from number `begin` up to `end`, of what was found last."""
        ...


class Source:
    """One file. `names`: its columns. Raises FileRefused where it cannot be read."""

    def __init__(
        self,
        archive: Below,
        output: Below,
        file: ArchiveFile,
        rules: Rules,
        *,
        size: int,
        count: int,
        sleep: Sleep,
    ) -> None:
        self._archive, self._file, self._rules = archive, file, rules
        with closing(self._opened(0)) as stream:
            self._layout = layout_of(stream, rules)
        kept = Below(output.store, output.name(f"{LINKS}{file.name}/"))
        self._chain: Chain | None = None
        if self._layout:
            self._chain = Chain(
                self._layout, self._opened, size=size, count=count, kept=kept, sleep=sleep
            )
        self.table, self.names = self._columns()

    @property
    def is_json(self) -> bool:
        """Whether each line is a JSON object."""
        return self._layout is not None and self._layout.is_json

    @property
    def is_whole(self) -> bool:
        """Whether the first shard is the whole file."""
        return self._layout is None or self._layout.is_packed

    def prepare(self, numbers: range) -> None:
        """Find out, for other tasks too, where ranges begin that follow these."""
        if self._chain and not self.is_whole:
            self._chain.prepare(numbers)

    @contextmanager
    def chunks(self, shard: Shard) -> Iterator[Chunks]:
        """The records of a shard."""
        if self.is_whole and shard.number:
            yield _Nothing()
        elif self._layout is None or self._chain is None:
            with closing(self._opened(0)) as stream:
                yield _SheetRows(sheet_of(stream, self._rules))
        elif self._layout.is_packed:
            with closing(self._opened(0)) as stream:
                begin = self._layout.first
                yield Range(unpacked(stream, begin.at), self._layout, begin, None)
        else:
            yield from self._range(shard.number, self._layout, self._chain)

    def _range(self, number: int, layout: Layout, chain: Chain) -> Iterator[Chunks]:
        begin = chain.begin(number)
        if begin is None:
            yield _Nothing()
            return
        with closing(self._opened(begin.at)) as stream:
            found = Range(stream, layout, begin, chain.end(number))
            yield found
        chain.learn(number, found.after)

    def _columns(self) -> tuple[Table, tuple[str, ...]]:
        if self._layout:
            return self._layout.table, self._layout.names
        with closing(self._opened(0)) as stream:
            table = sheet_of(stream, self._rules).table
        return table, table.header

    def _opened(self, begin: int) -> BinaryIO:
        name = self._archive.name(self._file.name)
        return self._archive.store.open_at(name, self._file.generation, begin)


class _Nothing:
    """A shard without a record."""

    refused: Problem | None = None

    def __iter__(self) -> Iterator[Found]:
        return iter(())

    def lines(self, begin: int, end: int) -> list[str]:
        return []


class _SheetRows:
    """The rows of a sheet, which have no lines of text."""

    def __init__(self, sheet: Sheet) -> None:
        self.refused: Problem | None = None
        self._records = sheet.records

    def __iter__(self) -> Iterator[Found]:
        try:
            for item in self._records:
                yield Found(
                    item, item.lines[-1] + 1 if isinstance(item, Records) else item.line + 1
                )
        except FileRefused as refused:
            self.refused = Problem(refused.line, refused.reason)

    def lines(self, begin: int, end: int) -> list[str]:
        return []
