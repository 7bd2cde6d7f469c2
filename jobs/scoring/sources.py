"""A file of an archive -> the chunks of each of its shards, whatever kind of file it is.

A plain text is cut into ranges. What is packed, or a workbook, cannot be read from its middle: its
first shard is the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from jobs.scoring.chain import Chain
from jobs.scoring.layout import Begin, Layout, Sheet, layout_of, sheet_of
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
    """One file. `names`: its columns. Raises FileRefused where it cannot be read.

    known: its layout, from who has looked at it; None: it is looked at here.
    """

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
        known: Layout | None = None,
    ) -> None:
        self._archive, self._file, self._rules = archive, file, rules
        self.layout = known or self._looked_at()
        kept = Below(output.store, output.name(f"{LINKS}{file.name}/"))
        self._chain: Chain | None = None
        if self.layout:
            self._chain = Chain(
                self.layout, self._opened, size=size, count=count, kept=kept, sleep=sleep
            )
        self.table, self.names = self._columns()

    @property
    def is_json(self) -> bool:
        """Whether each line is a JSON object."""
        return self.layout is not None and self.layout.is_json

    @property
    def is_whole(self) -> bool:
        """Whether the first shard is the whole file."""
        return self.layout is None or self.layout.is_packed

    def prepare(self, numbers: range) -> None:
        """Find out, for other tasks too, where ranges begin that follow these."""
        if self._chain and not self.is_whole:
            self._chain.prepare(numbers)

    def begin(self, number: int) -> Begin | None:
        """Where the first record of a shard begins; None where nobody looks for it."""
        return None if self._chain is None or self.is_whole else self._chain.begin(number)

    def learn(self, number: int, begin: Begin | None) -> None:
        """Take from who has found it where a shard begins."""
        if self._chain:
            self._chain.learn(number, begin)

    @contextmanager
    def chunks(self, shard: Shard) -> Iterator[Chunks]:
        """The records of a shard."""
        if self.is_whole and shard.number:
            yield _Nothing()
        elif self.layout is None or self._chain is None:
            with closing(self._opened(0)) as stream:
                yield _SheetRows(sheet_of(stream, self._rules))
        elif self.layout.is_packed:
            with closing(self._opened(0)) as stream:
                begin = self.layout.first
                yield Range(unpacked(stream, begin.at), self.layout, begin, None)
        else:
            yield from self._range(shard.number, self.layout, self._chain)

    def _range(self, number: int, layout: Layout, chain: Chain) -> Iterator[Chunks]:
        begin = chain.begin(number)
        if begin is None:
            yield _Nothing()
            return
        with closing(self._opened(begin.at)) as stream:
            found = Range(stream, layout, begin, chain.end(number))
            yield found
        chain.learn(number + 1, found.after)

    def _looked_at(self) -> Layout | None:
        with closing(self._opened(0)) as stream:
            return layout_of(stream, self._rules)

    def _columns(self) -> tuple[Table, tuple[str, ...]]:
        if self.layout:
            return self.layout.table, self.layout.names
        with closing(self._opened(0)) as stream:
            table = sheet_of(stream, self._rules).table
        return table, table.header

    def _opened(self, begin: int) -> BinaryIO:
        name = self._archive.name(self._file.name)
        return self._archive.store.open_at(name, self._file.generation, begin)


@dataclass
class Sources:
    """The files of a run, opened as their shards are asked for; the last one is kept."""

    archive: Below
    output: Below
    rules: Rules
    shard_bytes: int
    sleep: Sleep
    _kept: dict[str, Source] = field(default_factory=dict)

    def of(self, shard: Shard, known: Layout | None = None) -> Source:
        """The file of a shard; `known`: see Source. Raises FileRefused."""
        file = shard.file
        if file.name not in self._kept:
            self._kept.clear()
            self._kept[file.name] = Source(
                self.archive,
                self.output,
                file,
                self.rules,
                size=self.shard_bytes,
                count=shard.count,
                sleep=self.sleep,
                known=known,
            )
        return self._kept[file.name]


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
