"""Many tickets -> their hashed words as arrays, and the features of those: the numbers of
`urgency.features`, without a loop over words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import mmh3
import numpy as np
from numpy.typing import NDArray

from urgency.features import BITS, FEATURES, FIELD_MARKS, MASK, PAIR, STEM, STEM_LETTERS, WORD, Kinds, terms

BLOCK = 8_192
"""Tickets whose features are best made at once."""

_MARKS = np.array([mark for _, mark in FIELD_MARKS], np.uint32)
_ROW = 32  # bits of a feature's number in a key
_END = "\x00"  # stands in no text in normal form
_SIMPLE = re.compile("[\x00-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u20cf\u2100-\u23ff]*")
"""Scripts with spaces and without combining marks: there words are runs of letters."""

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def _ascii_byte(code: int) -> int:
    """Letters in lower case, 0 for digits, a space for the rest; not ASCII: as it is."""
    if code > 127 or chr(code) == _END:
        return code
    letter = chr(code).lower()
    return ord(letter if letter.isalpha() else "0" if letter.isdecimal() else " ")


_ASCII = bytes(map(_ascii_byte, range(256)))


@dataclass(frozen=True, slots=True)
class Words:
    """The hashed words of tickets, in order.

    `marked` (words,): with the mark of the field; `stem` (words,): of the first letters, no mark;
    `counts` (tickets, fields): how many words there are.
    """

    marked: NDArray[np.uint32]
    stem: NDArray[np.uint32]
    counts: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.counts)

    def take(self, kept: NDArray[np.bool_]) -> Words:
        """Those of the tickets that are `kept`, shape (tickets,)."""
        words = np.repeat(kept, self.counts.sum(axis=1))
        return Words(self.marked[words], self.stem[words], self.counts[kept])

    def blocks(self, tickets: int) -> Iterator[Words]:
        """The same words, at most so many `tickets` at a time."""
        ends = np.concatenate([[0], self.counts.sum(axis=1).cumsum()])
        for begin in range(0, len(self), tickets):
            end = min(begin + tickets, len(self))
            words = slice(ends[begin], ends[end])
            yield Words(self.marked[words], self.stem[words], self.counts[begin:end])


class Features(NamedTuple):
    """The different features of tickets: `feature` (n,) of ticket `row` (n,), both rising."""

    row: NDArray[np.int64]
    feature: NDArray[np.int64]


def words_of(tickets: Iterable[Sequence[str]]) -> Words:
    """The words of tickets, given as (title, description) in normal form."""
    texts = list(map(_plain, chain.from_iterable(tickets)))
    text = _END.join(texts).encode().translate(_ASCII)
    while b"00" in text:
        text = text.replace(b"00", b"0")
    fields = [field.split() for field in text.replace(b"0", b" 0 ").split(_END.encode())]
    counts = np.fromiter(map(len, fields), np.int32, len(texts))
    marks = np.repeat(np.tile(_MARKS, len(texts) // len(_MARKS)), counts)
    words = list(chain.from_iterable(fields))
    stems = [word[:STEM_LETTERS] for word in words] if text.isascii() else map(_stem, words)
    return Words(
        _hashes(words, len(words)) ^ marks,
        _hashes(stems, len(words)),
        counts.reshape(-1, len(_MARKS)),
    )


def features_of(words: Words, kinds: Kinds) -> Features:
    """Each different feature of each ticket."""
    field = np.repeat(np.arange(words.counts.size), words.counts.ravel())
    row = (field // len(_MARKS)) << _ROW
    keys = [row | (words.marked & MASK)]
    if kinds.pair:
        neighbours = field[:-1] == field[1:]
        left, right = words.marked[:-1], words.marked[1:]
        keys.append((row[:-1] | PAIR | ((left >> 32 - BITS) ^ right) & MASK)[neighbours])
    if kinds.stem:
        keys.append(row | STEM | (words.stem & MASK))
    key = np.concatenate(keys)
    key.sort()
    key = key[np.diff(key, prepend=-1) != 0]
    return Features(key >> _ROW, key & 2**_ROW - 1)


def weight_of_kind(kinds: Kinds) -> NDArray[np.float64]:
    """What each feature counts by its kind, shape (FEATURES,)."""
    return np.repeat([1.0, kinds.pair, kinds.stem], [PAIR - WORD, STEM - PAIR, FEATURES - STEM])


def _plain(text: str) -> str:
    """A text whose words are runs of letters or zeros, in lower case beyond ASCII."""
    if text.isascii():
        return text
    lowered = text.lower()
    if not _SIMPLE.fullmatch(lowered):
        return " ".join(terms(text))
    return _BEYOND_ASCII.sub(_letters, lowered)


def _letters(run: re.Match[str]) -> str:
    return "".join(["0" if c.isdecimal() else c if c.isalnum() else " " for c in run[0]])


def _stem(word: bytes) -> bytes:
    return word[:STEM_LETTERS] if word.isascii() else word.decode()[:STEM_LETTERS].encode()


def _hashes(words: Iterable[bytes], count: int) -> NDArray[np.uint32]:
    return np.fromiter(map(mmh3.hash, words), np.int32, count).view(np.uint32)
