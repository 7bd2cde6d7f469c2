"""One ticket -> its hashed words as arrays, and the features of those: the numbers of
`urgency.features`, as `urgency.batch` makes them of many tickets.

Hashes are remembered, since most words of a ticket stood in one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from urgency.features import (
    FIELD_MARKS,
    MASK,
    PAIR,
    STEM,
    STEM_LETTERS,
    Kinds,
    pair_number,
    term_of,
    word_hash,
    word_runs,
)
from urgency.ticket import Ticket

REMEMBERED, LETTERS_MOST = 4_096, 32
"""How many words at most, and of how many letters: half a megabyte of ASCII."""

Hashed = NDArray[np.int32]

_TITLE_MARK = dict(FIELD_MARKS)["title"]


class _Hashes(dict[str, int]):
    """Word in lower case -> its hash in the low half of a number, that of its stem in the high one.

    All are forgotten where there are too many.
    """

    def __missing__(self, run: str) -> int:
        term = term_of(run)
        both = word_hash(term[:STEM_LETTERS]) << 32 | word_hash(term) & 0xFFFFFFFF
        if len(run) <= LETTERS_MOST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[run] = both
        return both


_hashes = _Hashes()


class TicketWords(NamedTuple):
    """The words of a ticket at their places, those of the title first.

    `runs`: in lower case, digits as they are; `titles`: how many of them stand in the title;
    `marked` (words,): their hashes with the mark of the field; `stem` (words,): the hashes of their
    first letters, no mark.
    """

    runs: list[str]
    titles: int
    marked: Hashed
    stem: Hashed

    def features(self, kinds: Kinds) -> Hashed:
        """The feature of each word, then of each pair, then of each stem; not all different."""
        parts = [self.marked & MASK]
        if kinds.pair:
            parts += self.neighbours(PAIR | pair_number(self.marked[:-1], self.marked[1:]))
        if kinds.stem:
            parts.append(STEM | self.stem & MASK)
        return np.concatenate(parts)

    def neighbours(self, between: NDArray[Any]) -> list[NDArray[Any]]:
        """Of what is said of each word and the next, (words - 1,), that within a field."""
        return [between[: max(self.titles - 1, 0)], between[self.titles :]]

    def first_places(self) -> list[int]:
        """Of each word the first place where it stands in its field."""
        titles, every = self.titles, len(self.runs)
        return [
            *_firsts(self.runs[:titles], range(titles)),
            *_firsts(self.runs[titles:], range(titles, every)),
        ]


def ticket_words(ticket: Ticket) -> TicketWords:
    """The words of a ticket."""
    title = word_runs(ticket.title)
    runs = title + word_runs(ticket.description)
    both = np.fromiter(map(_hashes.__getitem__, runs), "<i8", len(runs)).view("<i4")
    marked, stem = both[::2].copy(), both[1::2]
    marked[: len(title)] ^= _TITLE_MARK  # the other one is 0
    return TicketWords(runs, len(title), marked, stem)


def _firsts(runs: Sequence[str], places: range) -> Iterator[int]:
    first: dict[str, int] = {}
    return map(first.setdefault, runs, places)
