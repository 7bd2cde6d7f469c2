"""A range of a text -> its records, from one that begins there to the last that begins in it.

A record that begins in a range belongs to it, wherever it ends. So ranges that follow each other,
each beginning where the one before says, hold what reading all at once would give: at the begin of
a record the reader knows nothing of what came before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain, islice, pairwise
from typing import BinaryIO, NamedTuple

from jobs.scoring.layout import Begin, Layout
from jobs.scoring.line_ends import LineEnds
from jobs.scoring.plan import ALIGNED
from jobs.tickets.chunks import Records
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused

_BLOCK = 256 * 1024
_MORE = 64 * 1024
"""Bytes that are read at once behind the range."""

_LINE_MOST = 8 * 2**20
"""Bytes in which no line that can be read is without an end."""


class Found(NamedTuple):
    """Records, or a problem; `end`: the number of the line where the next ones begin."""

    item: Records | Problem
    end: int


class Range:
    """The records that begin in a range of bytes. `after` and `refused` are known at its end.

    stream: its bytes and all behind them, from `begin` on.   end: where the range ends in the
    file; None: where the file does.   after: where the next range begins, None: nowhere.
    refused: why nothing behind some line can be read.
    """

    def __init__(self, stream: BinaryIO, layout: Layout, begin: Begin, end: int | None) -> None:
        self.after: Begin | None = None
        self.refused: Problem | None = None
        self._stream, self._layout, self._begin, self._end = stream, layout, begin, end
        self._ends = LineEnds(layout.encoding)
        self._cut: Begin | None = None  # the first line that begins behind the range
        self._beyond = bytearray()  # what was read from there on
        self._kept = _Kept(layout.lines(self._blocks()), begin.line)

    def __iter__(self) -> Iterator[Found]:
        """Its records in order; their lines are kept until the next are asked for."""
        for item, following in pairwise(chain(self._items(), [None])):
            if item is None:
                return
            at = _lines(item)
            inside = bisect_left(at, self._cut.line) if self._cut else len(at)
            beyond = at[inside] if inside < len(at) else None
            end = beyond or (_lines(following)[0] if following else self._kept.end)
            if inside:
                yield Found(_first(item, inside), end)
                self._kept.forget(end)
            if beyond:
                self.after = self._begin_of(beyond)
                return

    def lines(self, begin: int, end: int) -> list[str]:
        """The lines from number `begin` up to `end`, as far as the range goes."""
        return self._kept.lines(begin, end)

    def pass_over(self) -> None:
        """Go to the end, without a look at records that are lines."""
        if self._layout.is_json:
            next(self._blocks(), None)
            self.after = self._cut
            return
        for _ in self:
            pass

    def _items(self) -> Iterator[Records | Problem]:
        try:
            yield from self._layout.records(self._kept, self._begin.line)
        except FileRefused as refused:
            line = max(1, self._begin.line - 1 + refused.line)
            self.refused = Problem(line, refused.reason)

    def _begin_of(self, line: int) -> Begin | None:
        """Where a record begins that is not of this range."""
        if self._cut is None or self._layout.is_json:
            return self._cut
        lines = line - self._cut.line
        places = chain([0], self._ends.ends(bytes(self._beyond)))
        return Begin(self._cut.at + next(islice(places, lines, None)), line)

    def _blocks(self) -> Iterator[bytes]:
        """The range up to a line's end, then what follows as it is asked for."""
        if self._end is not None:
            body, cut = self._body(self._end - self._begin.at)
            inside = body[:cut]
            if cut is not None:
                line = self._begin.line + self._ends.count(inside)
                self._cut = Begin(self._begin.at + cut, line)
                self._beyond += body[cut:]
            del body
            yield from (inside[at : at + _BLOCK] for at in range(0, len(inside), _BLOCK))
            yield bytes(self._beyond)
        while more := self._stream.read(_MORE):
            if self._cut is not None:
                self._beyond += more
            yield more

    def _body(self, size: int) -> tuple[bytes, int | None]:
        """The range's `size` bytes and some more; where in them its last line ends, if it does."""
        body = self._stream.read(size + _MORE)
        looked_at = max(0, size - ALIGNED)
        while True:
            more = self._stream.read(_MORE)
            body += more
            cut = self._ends.behind(body[looked_at:], size - looked_at, is_all=not more)
            if cut is not None:
                return body, looked_at + cut
            if not more or len(body) > size + _LINE_MOST:
                return body, None


class _Kept:
    """Lines that can be asked for again by number until they are forgotten."""

    def __init__(self, blocks: Iterator[list[str]], first: int) -> None:
        self._blocks, self._first = blocks, first
        self._lines: list[str] = []

    @property
    def end(self) -> int:
        """The number behind the last line so far."""
        return self._first + len(self._lines)

    def __iter__(self) -> Iterator[list[str]]:
        for block in self._blocks:
            self._lines += block
            yield block

    def lines(self, begin: int, end: int) -> list[str]:
        """Those from number `begin` up to `end`, as many as there are."""
        return self._lines[begin - self._first : end - self._first]

    def forget(self, line: int) -> None:
        """All before this number."""
        del self._lines[: line - self._first]
        self._first = line


def _lines(item: Records | Problem) -> list[int]:
    return [item.line] if isinstance(item, Problem) else item.lines


def _first(item: Records | Problem, count: int) -> Records | Problem:
    if isinstance(item, Problem) or count == len(item):
        return item
    return Records(item.lines[:count], item.fields[:count])
