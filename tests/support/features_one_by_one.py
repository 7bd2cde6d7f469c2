"""The features of a ticket without an array, as urgency.features says: what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import mmh3

from urgency.features import BITS, MASK, PAIR, STEM, STEM_LETTERS, Kinds


def marked_hashes(words: Iterable[str], mark: int) -> list[int]:
    """murmur3_32 of each word's UTF-8 with seed 0, signed, with the field's mark."""
    return [mmh3.hash(word) ^ mark for word in words]


def word_features(marked: Iterable[int]) -> list[int]:
    """The numbers of words: low bits."""
    return [one & MASK for one in marked]


def pair_features(marked: Sequence[int]) -> list[int]:
    """The number of each pair of neighbours: high bits of the left hash, low bits of the right."""
    return [PAIR | (left >> 32 - BITS ^ right) & MASK for left, right in pairwise(marked)]


def stem_features(words: Iterable[str]) -> list[int]:
    """The numbers of the first letters, the same in every field."""
    return [STEM | mmh3.hash(word[:STEM_LETTERS]) & MASK for word in words]


def ticket_features(fields: Iterable[tuple[Sequence[str], int]], kinds: Kinds) -> set[int]:
    """The different features of a ticket, given as the terms and the mark of each field."""
    found: set[int] = set()
    for words, mark in fields:
        marked = marked_hashes(words, mark)
        found.update(word_features(marked))
        found.update(pair_features(marked) if kinds.pair else [])
        found.update(stem_features(words) if kinds.stem else [])
    return found
