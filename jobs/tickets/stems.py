"""Stems by word: of millions of words few are different, so their table takes little memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from urgency.batch import Words

_WAITING_LEAST = 2**18
_HALF = np.uint64(32)  # bits


class Stems:
    """The hash of each different word with that of its stem.

    Two words of one hash, as 1 pair in 4e9 is, have the stem of the smaller hash.
    """

    def __init__(self) -> None:
        self._pairs = np.empty(0, np.uint64)  # word's hash, stem's hash; rising
        self._waiting: list[NDArray[np.uint64]] = []

    def add(self, words: Words) -> None:
        """Learn these words, which were made with stems."""
        pairs = words.plain.astype(np.uint64) << _HALF | words.all_stems
        self._waiting.append(different(pairs))
        if sum(map(len, self._waiting)) > max(_WAITING_LEAST, len(self._pairs)):
            self._merge()

    def of(self, words: Words) -> NDArray[np.uint32]:
        """The stem of each word, all of which were added; shape (words,)."""
        self._merge()
        place = np.searchsorted(self._pairs, words.plain.astype(np.uint64) << _HALF)
        return self._pairs[place].astype(np.uint32)  # the lower half

    def _merge(self) -> None:
        if self._waiting:
            self._pairs = different(np.concatenate([self._pairs, *self._waiting]))
            self._waiting = []


def different(numbers: NDArray[Any]) -> NDArray[Any]:
    """Each once, rising; np.unique hashes them, which takes 15 times as long."""
    rising = np.sort(numbers)
    return np.concatenate([rising[:1], rising[1:][rising[1:] != rising[:-1]]])
