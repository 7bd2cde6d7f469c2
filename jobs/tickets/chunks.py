"""Lines and records in chunks: what is done once for a few hundred rows costs little for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import add
from typing import TypeVar

from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused

Value = TypeVar("Value")

CHUNK_RECORDS, CHUNK_CHARACTERS = 2_048, 2**20
"""What a chunk of records holds at most, but for the characters of its last record."""


@dataclass(slots=True)
class Records:
    """Rows that follow each other: the line where each begins, counted from 1, and its fields."""

    lines: list[int] = field(default_factory=list)
    fields: list[list[str]] = field(default_factory=list)
    characters: int = 0

    def add(self, line: int, fields: list[str], characters: int) -> bool:
        """Take one row more, of so many characters; whether the chunk is full then."""
        self.lines.append(line)
        self.fields.append(fields)
        self.characters += characters
        return self.characters >= CHUNK_CHARACTERS or len(self.lines) >= CHUNK_RECORDS

    def handed(self) -> Records:
        """What is here, which is empty afterwards."""
        handed = Records(self.lines, self.fields, self.characters)
        self.lines, self.fields, self.characters = [], [], 0
        return handed

    def singles(self) -> Iterator[Records]:
        """The same rows, a chunk each."""
        for line, fields in zip(self.lines, self.fields, strict=True):
            yield Records([line], [fields])

    def __len__(self) -> int:
        return len(self.lines)


def in_chunks(found: Iterator[Problem | None], chunk: Records) -> Iterator[Records | Problem]:
    """What a reader that fills `chunk` finds, in its order; nothing is lost where it is refused.

    found: each problem where it stands, and None whenever the chunk is full.
    """
    try:
        for problem in found:
            if chunk:
                yield chunk.handed()
            if problem:
                yield problem
    except FileRefused:
        if chunk:
            yield chunk.handed()
        raise
    if chunk:
        yield chunk.handed()


def gathered(rows: Iterable[tuple[int, list[str]] | Problem]) -> Iterator[Records | Problem]:
    """Rows, each with its line, in chunks; problems stay where they stand."""
    chunk = Records()

    def found() -> Iterator[Problem | None]:
        for row in rows:
            if isinstance(row, Problem):
                yield row
            elif chunk.add(*row, sum(map(len, row[1]))):
                yield None

    return in_chunks(found(), chunk)


def each(function: Callable[[str], Value], cells: Sequence[str]) -> list[Value]:
    """The function's value for each cell, computed once for those that are equal."""
    values = {cell: function(cell) for cell in set(cells)}
    return [*map(values.__getitem__, cells)]


class LineSource:
    """Lines that can be read again from the begin of the current record, whose line `number` is.

    Those before it are forgotten as others are fetched, and these are fetched as they are needed.
    """

    def __init__(self, blocks: Iterable[list[str]], first: int) -> None:
        self.number = first
        self._blocks = iter(blocks)
        self._lines: list[str] = []
        self._first = first  # the number of the first line that is still here

    def ended(self) -> Iterator[str]:
        """All lines from the current record on, each with its end.

        Not to be read any further once `line` was called.
        """
        return map(add, chain.from_iterable(self._parts()), repeat("\n"))

    def line(self, at: int) -> str | None:
        """A line by its place in the current record or behind it; None behind the last one."""
        while self.number - self._first + at >= len(self._lines):
            if self._fetched() is None:
                return None
        return self._lines[self.number - self._first + at]

    def lines(self, count: int) -> list[str]:
        """The current record's first lines, as many as there are."""
        found = (self.line(at) for at in range(count))
        return [line for line in found if line is not None]

    def since(self, number: int) -> list[str]:
        """The lines of the record before the current one, which began at this line."""
        return self._lines[number - self._first : self.number - self._first]

    def _parts(self) -> Iterator[Iterable[str]]:
        here = range(self.number - self._first, len(self._lines))
        yield map(self._lines.__getitem__, here)  # a slice would copy what may be read often
        while (block := self._fetched()) is not None:
            yield block

    def _fetched(self) -> list[str] | None:
        """The next block, which is kept; None where there is none."""
        block = next(self._blocks, None)
        if block is not None:
            del self._lines[: self.number - self._first]
            self._first = self.number
            self._lines += block
        return block
