"""Where each range of a file begins: at a record, exactly, however the file quotes its newlines.

Whether a newline ends a record depends on all quotes before it, so a range's begin follows from
reading the one before. That is a chain, but its links can be made out of order: a task looks at a
range from where a record seems to begin, and keeps what it found under that begin. Who walks along
the chain takes a link that is kept under the true begin, and makes the others again. A guess is
nearly always right and costs nothing when it is not: no score is made before the chain is whole.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import islice
from typing import BinaryIO

from jobs.scoring.layout import Begin, Layout
from jobs.scoring.line_ends import LineEnds
from jobs.scoring.places import Below
from jobs.scoring.plan import ALIGNED
from jobs.scoring.ranges import Range
from urgency.bundle import canonical_json
from urgency.writes import Sleep, create_once

Opened = Callable[[int], BinaryIO]
"""The file's bytes from a place on."""

_WINDOW = 2**20  # bytes in which a record has to begin
_CANDIDATES = 200  # lines of which one is asked to begin a record
_PROOF = 20  # records of the header's width in a row


class Chain:
    """The begins of one file's ranges of `size` bytes; links are kept below `kept`."""

    def __init__(
        self, layout: Layout, opened: Opened, *, size: int, count: int, kept: Below, sleep: Sleep
    ) -> None:
        self._layout, self._opened, self._sleep = layout, opened, sleep
        self._size, self._count, self._kept = size, count, kept
        self._ends = LineEnds(layout.encoding)
        self._begins: dict[int, Begin | None] = {0: layout.first}

    def end(self, number: int) -> int | None:
        """Where a range ends; None: with the file."""
        return None if number == self._count - 1 else (number + 1) * self._size

    def begin(self, number: int) -> Begin | None:
        """Where the first record of a range begins; None where there is none."""
        known = max(one for one in self._begins if one <= number)
        for last in range(known, number):
            self._begins[last + 1] = self._link(last, self._begins[last])
        begin, end = self._begins[number], self.end(number)
        return None if begin is None or (end is not None and begin.at >= end) else begin

    def learn(self, number: int, begin: Begin | None) -> None:
        """Take from who knows it, having read the range before, where range `number` begins."""
        self._begins.setdefault(number, begin)

    def prepare(self, numbers: range) -> None:
        """Make the links of these ranges that nobody has made yet, from where they seem to begin.

        The last range has none: nobody needs to know where it ends.
        """
        there = {name.rpartition("/")[2].partition(".")[0] for name in self._kept.names("")}
        for number in numbers:
            if number < self._count - 1 and f"{number:06d}" not in there:
                begin = self._guess(number) if number else self._layout.first
                if begin:
                    self._link(number, begin)

    def _link(self, number: int, begin: Begin | None) -> Begin | None:
        """Where the next range begins, if this one begins there. Lines are counted from `begin`."""
        end = self.end(number)
        if begin is None or end is None or begin.at >= end:
            return begin
        name = f"{number:06d}.{begin.at}.json"
        body = self._kept.read(name)
        if body is None:
            body = self._made(begin, end)
            create_once(self._kept.store, self._kept.name(name), body, self._sleep)
        found = json.loads(body)
        return None if found is None else Begin(found["at"], begin.line + found["lines"])

    def _made(self, begin: Begin, end: int) -> bytes:
        with self._opened(begin.at) as stream:
            passed = Range(stream, self._layout, begin, end)
            passed.pass_over()
        after = passed.after
        return canonical_json(after and {"at": after.at, "lines": after.line - begin.line})

    def _guess(self, number: int) -> Begin | None:
        """Where a record seems to begin first in a range; its line is not known."""
        place = number * self._size - ALIGNED
        with self._opened(place) as stream:
            window = stream.read(_WINDOW)
        first = self._ends.behind(window, ALIGNED, is_all=False)
        if first is None:
            return None
        window = window[first:]
        if self._layout.is_json:
            return Begin(place + first, 1)
        lines = [line for block in self._layout.lines(iter([window])) for line in block]
        starts = [0, *islice(self._ends.ends(window), _CANDIDATES)]
        for at, start in enumerate(starts):
            if self._begins_records(lines[at:]):
                return Begin(place + first + start, 1)
        return None

    def _begins_records(self, lines: list[str]) -> bool:
        width = len(self._layout.table.header)
        ended = (f"{line}\n" for line in lines)
        reader = csv.reader(ended, strict=True, **self._layout.table.dialect.options)
        try:
            return all(len(fields) == width for fields in islice(reader, _PROOF))
        except csv.Error:
            return False
