"""The texts of tickets while they are read: hashed words of all, the texts themselves of a sample.

So millions of tickets take little memory. Reports look at the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from jobs.tickets.split import mixed
from urgency.batch import BLOCK, Words, joined, words_of

SAMPLE = 20_000
"""Tickets whose texts are kept, where there are so many; for a while up to twice as many."""

WAITING_CHARACTERS = 40_000_000
"""Characters that wait to be hashed; more than most helpdesks ever wrote."""

Keys = NDArray[np.uint64]


class Texts:
    """`title` and `description` of each ticket, both "" outside the sample, and `words` of all.

    The sample are the tickets of the smallest hashes: the same ones in any order of files. Texts
    wait to be hashed until somebody asks for words, or until many wait: who only reads does not
    pay for it.
    """

    def __init__(self) -> None:
        self.title: list[str] = []
        self.description: list[str] = []
        self._words: list[Words] = []
        self._waiting: list[tuple[str, str]] = []
        self._characters = 0
        self._mixed: list[Keys] = []
        self._bound = np.uint64(2**64 - 1)
        self._kept = 0

    def add(self, title: Sequence[str], description: Sequence[str], split_key: Keys) -> None:
        """Take some tickets' texts, in normal form."""
        self._mixed.append(mixed(split_key))
        kept = self._mixed[-1] <= self._bound
        self.title += _blanked(title, kept)
        self.description += _blanked(description, kept)
        self._waiting += zip(title, description, strict=True)
        self._characters += sum(map(len, title)) + sum(map(len, description))
        if self._characters > WAITING_CHARACTERS:
            self._hash()
        self._kept += int(kept.sum())
        if self._kept > 2 * SAMPLE:
            self._shrink()

    def keep(self, begin: int, kept: Sequence[bool]) -> None:
        """Of the tickets from `begin` on, forget those that are not `kept`."""
        self.title[begin:] = compress(self.title[begin:], kept)
        self.description[begin:] = compress(self.description[begin:], kept)
        chosen = np.append(np.ones(begin, bool), np.array(kept, bool))
        self._mixed = [np.concatenate(self._mixed)[chosen]]
        hashed = sum(map(len, self._words))
        self._words = [joined(self._words).take(chosen[:hashed])] if begin < hashed else self._words
        self._waiting = [*compress(self._waiting, chosen[hashed:].tolist())]

    @property
    def words(self) -> Words:
        """Of all tickets."""
        self._hash()
        self._words = [joined(self._words)]
        return self._words[0]

    def _hash(self) -> None:
        for begin in range(0, len(self._waiting), BLOCK):
            self._words.append(words_of(self._waiting[begin : begin + BLOCK], stems=True))
        self._waiting, self._characters = [], 0

    def _shrink(self) -> None:
        hashes = np.concatenate(self._mixed)
        self._bound = np.partition(hashes, SAMPLE)[SAMPLE]
        kept = hashes <= self._bound
        self.title, self.description = (
            _blanked(texts, kept) for texts in (self.title, self.description)
        )
        self._kept = int(kept.sum())


def _blanked(texts: Sequence[str], kept: NDArray[np.bool_]) -> list[str]:
    if kept.all():
        return list(texts)
    return [text if is_kept else "" for text, is_kept in zip(texts, kept.tolist(), strict=True)]
