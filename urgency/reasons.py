"""Why a ticket got its probability: each word's exact share of the log-odds.

A pair's share goes to its rarer word, which is the one that people see the meaning in: "the
checkout" speaks of checkout. A word of every fourth ticket tells nobody anything; its share is in
the rest.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from urgency.features import (
    FIELD_MARKS,
    Kinds,
    Word,
    located_words,
    pair_feature,
    stem_feature,
    word_feature,
    word_hash,
)
from urgency.ticket import Ticket

COMMON_SQUARE = (1 + math.log(4)) ** 2
"""Square of the idf of a word that stands in a quarter of the tickets."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A word's share of the log-odds, all its places counted; `span`: the first, in characters."""

    field: str
    word: str
    span: tuple[int, int]
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`base` + the weights of `reasons` (heaviest first) + `rest` = log-odds of the probability.

    `rest` is the share of all other words, and of those that stand in a quarter of all tickets.
    """

    base: float
    reasons: tuple[Reason, ...]
    rest: float


def explanation(
    base: float, telling: Sequence[Reason], others: Sequence[Reason], top: int
) -> Explanation:
    """The `top` heaviest of the `telling` reasons; all that is left adds up to its rest."""
    heaviest = sorted(telling, key=lambda reason: -abs(reason.weight))
    rest = math.fsum(reason.weight for reason in (*heaviest[top:], *others))
    return Explanation(base, tuple(heaviest[:top]), rest)


def is_common(word: str, square: Sequence[float]) -> bool:
    """Whether a word stands in a quarter of the tickets, in one of the fields."""
    plain = word_hash("0" if word.isdecimal() else word.lower())
    idfs = (square[word_feature(plain ^ mark)] for _, mark in FIELD_MARKS)
    return min(idfs) < COMMON_SQUARE


def word_reasons(
    ticket: Ticket, kinds: Kinds, pull: Sequence[float], square: Sequence[float]
) -> Iterator[Reason]:
    """A reason for each different word; places of one feature share its weight evenly.

    pull: coef * idf of each feature.   square: idf ** 2 of each feature.
    """
    placed: list[tuple[Word, int]] = []
    for field, mark in FIELD_MARKS:
        words = list(located_words(getattr(ticket, field), field))
        placed += _placed_features(words, mark, kinds, square)
    places = Counter(feature for _, feature in placed)
    norm = math.sqrt(sum(map(square.__getitem__, places)))
    first: dict[tuple[str, str], Word] = {}
    weights: dict[tuple[str, str], float] = defaultdict(float)
    for word, feature in placed:
        key = (word.field, word.text.lower())
        first.setdefault(key, word)
        weights[key] += pull[feature] / norm / places[feature]
    for key, word in first.items():
        yield Reason(word.field, word.text, (word.start, word.end), weights[key])


def _placed_features(
    words: list[Word], mark: int, kinds: Kinds, square: Sequence[float]
) -> Iterator[tuple[Word, int]]:
    """Each feature of one field with the word whose it is."""
    marked = [word_hash(word.term) ^ mark for word in words]
    own = [word_feature(one) for one in marked]
    yield from zip(words, own, strict=True)
    if kinds.pair:
        for left, right in pairwise(range(len(words))):
            rarer = right if square[own[right]] >= square[own[left]] else left
            yield words[rarer], pair_feature(marked[left], marked[right])
    if kinds.stem:
        for word in words:
            yield word, stem_feature(word.term)
