"""Why a ticket got its probability: each word's exact share of the log-odds.

A pair's share goes to its rarer word, which is the one that people see the meaning in: "the
checkout" speaks of checkout. A word of every fourth ticket tells nobody anything; its share is in
the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor

import numpy as np
from numpy.typing import NDArray

from urgency.features import FIELD_MARKS, MASK, Kinds
from urgency.spans import Spans
from urgency.ticket import Ticket
from urgency.weights import Weighed, Weights

COMMON_SQUARE = (1 + math.log(4)) ** 2
"""Square of the idf of a word that stands in a quarter of the tickets."""

_OTHER_FIELD = reduce(xor, (mark for _, mark in FIELD_MARKS)) & MASK
"""What turns the number of a word in one field into that in the other."""


@dataclass(slots=True)
class Reason:
    """A word's share of the log-odds, all its places counted; `span`: the first, in characters."""

    field: str
    word: str
    span: tuple[int, int]
    weight: float


@dataclass(slots=True)
class Explanation:
    """`base` + the weights of `reasons` (heaviest first) + `rest` = log-odds of the probability.

    `rest` is the share of all other words, and of those that stand in a quarter of all tickets.
    """

    base: float
    reasons: tuple[Reason, ...]
    rest: float


def explanation(
    base: float, categories: Sequence[Reason], words: WordShares, top: int
) -> Explanation:
    """The `top` heaviest of the categories and the telling words; all else adds up to the rest.

    A reason is made only of what is told, since most words are not.
    """
    first = len(categories)
    weight = np.concatenate(([reason.weight for reason in categories], words.weight))
    heaviest = np.copysign(weight, -1.0).argsort(kind="stable").tolist()
    told: dict[int, Reason] = {}
    for one in heaviest:
        if len(told) == top:
            break
        if one < first:
            told[one] = categories[one]
        elif words.is_telling(one - first):
            told[one] = words.reason(one - first)
    weight[[*told]] = 0.0
    return Explanation(base, tuple(told.values()), float(weight.sum()))


class WordShares:
    """The share of each word of a ticket, `weight` (words,): all of it at its first place in its
    field, 0 at the others.
    """

    def __init__(self, ticket: Ticket, found: Weighed, weights: Weights) -> None:
        self._ticket, self._words, self._weights = ticket, found.words, weights
        self._spans: dict[str, Spans] = {}
        self._own = found.features[: len(found.words.runs)]
        number = found.numbers()
        share = found.pull / np.bincount(number)  # places of one feature share its weight evenly
        self._square = found.square.take(number[: len(self._own)])
        self._first = found.words.first_places()
        owner = self._owners(np.array(self._first, np.intp), weights.kinds)
        self.weight = np.bincount(owner, share.take(number), len(self._own)) / found.norm

    def is_telling(self, place: int) -> bool:
        """Whether a word stands there first, in neither field in a quarter of the tickets."""
        if self._first[place] != place or self._square.item(place) < COMMON_SQUARE:
            return False
        in_the_other = self._own.item(place) ^ _OTHER_FIELD
        return self._weights.square_of(in_the_other) >= COMMON_SQUARE

    def reason(self, place: int) -> Reason:
        """The word that stands there."""
        runs, titles = self._words.runs, self._words.titles
        field, begin = ("title", 0) if place < titles else ("description", titles)
        text: str = getattr(self._ticket, field)
        if field not in self._spans:
            end = titles if place < titles else None
            self._spans[field] = Spans(text, runs[begin:end])
        span = self._spans[field].first(place - begin)
        return Reason(field, text[slice(*span)], span, self.weight.item(place))

    def _owners(self, first: NDArray[np.intp], kinds: Kinds) -> NDArray[np.intp]:
        """The first place of the word that each of the features belongs to."""
        square, parts = self._square, [first]
        if kinds.pair:  # to the rarer one of two neighbours, the right one of two alike
            rarer = np.where(square[:-1] > square[1:], first[:-1], first[1:])
            parts += self._words.neighbours(rarer)
        if kinds.stem:
            parts.append(first)
        return np.concatenate(parts)
