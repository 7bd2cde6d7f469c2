"""The texts of tickets while they are read: hashed words of all, the texts themselves of a sample.

So millions of tickets take little memory. Reports look at the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from jobs.tickets.split import mixed
from urgency.batch import Words, joined, words_of

SAMPLE = 20_000
"""Tickets whose texts are kept, where there are so many; for a while up to twice as many."""

Keys = NDArray[np.uint64]


class Texts:
    """`title` and `description` of each ticket, both "" outside the sample, and `words` of all.

    The sample are the tickets of the smallest hashes: the same ones in any order of files.
    """

    def __init__(self) -> None:
        self.title: list[str] = []
        self.description: list[str] = []
        self._words: list[Words] = []
        self._mixed: list[Keys] = []
        self._bound = np.uint64(2**64 - 1)
        self._kept = 0

    def add(self, title: Sequence[str], description: Sequence[str], split_key: Keys) -> None:
        """Take some tickets' texts, in normal form."""
        self._words.append(words_of(zip(title, description, strict=True), stems=True))
        self._mixed.append(mixed(split_key))
        kept = self._mixed[-1] <= self._bound
        self.title += _blanked(title, kept)
        self.description += _blanked(description, kept)
        self._kept += int(kept.sum())
        if self._kept > 2 * SAMPLE:
            self._shrink()

    def keep(self, begin: int, kept: Sequence[bool]) -> None:
        """Of the tickets from `begin` on, forget those that are not `kept`."""
        self.title[begin:] = compress(self.title[begin:], kept)
        self.description[begin:] = compress(self.description[begin:], kept)
        chosen = np.append(np.ones(begin, bool), np.array(kept, bool))
        self._words = [self.words.take(chosen)]
        self._mixed = [np.concatenate(self._mixed)[chosen]]

    @property
    def words(self) -> Words:
        """Of all tickets."""
        return joined(self._words)

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
