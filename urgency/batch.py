"""Many tickets -> their hashed words as arrays, and the features of those: the numbers of
`urgency.features`, without a loop over words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from urgency.features import (
    FEATURES,
    FIELD_MARKS,
    MASK,
    PAIR,
    SIMPLE,
    STEM,
    STEM_LETTERS,
    WORD,
    Kinds,
    pair_number,
    terms,
)
from urgency.murmur import hashes

BLOCK = 2_048
"""Tickets whose features can be made at once: their keys fit into 31 bits."""

_MARKS = np.array([mark for _, mark in FIELD_MARKS], np.uint32)
_NUMBER = FEATURES.bit_length()  # bits of a feature's number in a key; a row stands before it
_END = "\x00"  # stands in no text in normal form
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def _ascii_byte(code: int) -> int:
    """Letters in lower case, 0 for digits, a space for the rest; not ASCII: as it is."""
    if code > 127 or chr(code) == _END:
        return code
    letter = chr(code).lower()
    return ord(letter if letter.isalpha() else "0" if letter.isdecimal() else " ")


_ASCII = bytes(map(_ascii_byte, range(256)))
_ZERO = 2
_KIND = bytes({0: 0, ord(" "): 0, ord("0"): _ZERO}.get(code, 1) for code in range(256))
"""0 for what stands between words, 1 for letters; a zero is a word."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Words:
    """The hashed words of tickets, in order.

    `marked` (words,): with the mark of the field; `counts` (tickets, fields): how many words there
    are; `stem` (words,): of the first letters, no mark, None where no one asked for stems.
    """

    marked: NDArray[np.uint32]
    counts: NDArray[np.int32]
    stem: NDArray[np.uint32] | None

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def all_stems(self) -> NDArray[np.uint32]:
        """`stem`, of words that were made with stems. Raises ValueError where they were not."""
        if self.stem is None:
            raise ValueError("these words were made without stems")
        return self.stem

    @property
    def plain(self) -> NDArray[np.uint32]:
        """The hash of each word whatever its field, (words,)."""
        marks = np.tile(_MARKS, len(self))
        return self.marked ^ np.repeat(marks, self.counts.ravel())

    def take(self, kept: NDArray[np.bool_]) -> Words:
        """Those of the tickets that are `kept`, shape (tickets,)."""
        if kept.all():
            return self
        return self._part(np.repeat(kept, self.counts.sum(axis=1)), self.counts[kept])

    def blocks(self, tickets: int) -> Iterator[Words]:
        """The same words, at most so many `tickets` at a time."""
        return self.parts([*range(0, len(self), tickets), len(self)])

    def parts(self, bounds: Sequence[int]) -> Iterator[Words]:
        """The words of the tickets between each of these numbers, rising, and the next."""
        ends = self._ends()
        for begin, end in pairwise(bounds):
            yield self._part(slice(ends[begin], ends[end]), self.counts[begin:end])

    def in_order(self, tickets: NDArray[np.int64], at_once: int) -> Iterator[Words]:
        """The words of those `tickets`, in the order given, of so many at a time."""
        ends = self._ends()
        for begin in range(0, len(tickets), at_once):
            some = tickets[begin : begin + at_once]
            size = ends[some + 1] - ends[some]
            shift = np.repeat(ends[some] - size.cumsum() + size, size)
            yield self._part(np.arange(len(shift)) + shift, self.counts[some])

    def _ends(self) -> NDArray[np.int64]:
        """Where the words of each ticket begin, and where the last one's end."""
        return np.append(0, self.counts.sum(axis=1).cumsum())

    def _part(self, words: slice | NDArray[Any], counts: NDArray[np.int32]) -> Words:
        stem = None if self.stem is None else self.stem[words]
        return Words(self.marked[words], counts, stem)


class Features(NamedTuple):
    """The different features of tickets: `feature` (n,) of ticket `row` (n,), both rising."""

    row: NDArray[np.int32]
    feature: NDArray[np.int32]


def words_of(tickets: Iterable[Sequence[str]], *, stems: bool) -> Words:
    """The words of tickets, given as (title, description) in normal form."""
    given = chain.from_iterable(tickets)
    texts = [text if text.isascii() else _plain(text) for text in given]
    text = _END.join([*texts, ""]).encode().translate(_ASCII)
    start, size = _pieces(text)
    plain = hashes(text, start, size)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(_END))
    counts = np.diff(np.searchsorted(start, ends), prepend=0).astype(np.int32)
    marks = np.repeat(np.tile(_MARKS, len(texts) // len(_MARKS)), counts)
    return Words(
        marked=plain ^ marks,
        counts=counts.reshape(-1, len(_MARKS)),
        stem=_stems(text, start, size, plain) if stems else None,
    )


def features_of(words: Words, kinds: Kinds) -> Features:
    """Each different feature of each ticket; at most BLOCK tickets."""
    field = np.arange(words.counts.size, dtype=np.int32).repeat(words.counts.ravel())
    row = (field // len(_MARKS)) << _NUMBER
    marked = words.marked.view(np.int32)
    keys = [row | marked & MASK]
    if kinds.pair:
        neighbours = field[:-1] == field[1:]
        pair = PAIR | pair_number(marked[:-1], marked[1:])
        keys.append((row[1:] | pair)[neighbours])
    if kinds.stem:
        keys.append(row | STEM | words.all_stems.view(np.int32) & MASK)
    key = np.concatenate(keys)
    key.sort()
    key = key[np.append(True, key[1:] != key[:-1])] if len(key) else key
    return Features(key >> _NUMBER, key & (1 << _NUMBER) - 1)


def weight_of_kind(kinds: Kinds) -> NDArray[np.float64]:
    """What each feature counts by its kind, shape (FEATURES,)."""
    return np.repeat([1.0, kinds.pair, kinds.stem], [PAIR - WORD, STEM - PAIR, FEATURES - STEM])


def _pieces(text: bytes) -> tuple[Ints, Ints]:
    """Where each word starts and how many bytes it has; of a run of zeros only one."""
    kind = np.frombuffer(b"\x00" + text.translate(_KIND), np.uint8)
    edge = np.flatnonzero(kind[1:] != kind[:-1])
    kind = kind[1:][edge]
    size = np.diff(edge, append=len(text))
    size[kind == _ZERO] = 1
    is_word = kind > 0
    return edge[is_word], size[is_word]


class _OtherScript(Exception):
    """A word is more than a run of letters here."""


def _plain(text: str) -> str:
    """A text whose words are runs of letters or zeros."""
    try:
        return _BEYOND_ASCII.sub(_letters, text.lower())
    except _OtherScript:
        return " ".join(terms(text))


def _letters(run: re.Match[str]) -> str:
    if not SIMPLE.fullmatch(run[0]):
        raise _OtherScript
    return "".join(["0" if c.isdecimal() else c if c.isalnum() else " " for c in run[0]])


def _stems(text: bytes, start: Ints, size: Ints, plain: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The hashes of the first letters; those of short words are known."""
    long = np.flatnonzero(size > STEM_LETTERS)
    start, size = start[long], size[long]
    end = start + STEM_LETTERS
    if not text.isascii():
        # Of a letter all bytes but the first are 10...... in UTF-8.
        is_first = np.frombuffer(text, np.uint8) & 0xC0 != 0x80
        letter = start - np.searchsorted(np.flatnonzero(~is_first), start)
        letters = np.append(np.flatnonzero(is_first), [len(text)] * STEM_LETTERS)
        end = letters[letter + STEM_LETTERS]
    is_cut = end < start + size
    stems = plain.copy()
    stems[long[is_cut]] = hashes(text, start[is_cut], (end - start)[is_cut])
    return stems
