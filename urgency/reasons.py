"""Why a ticket got its probability: each word's exact share of the log-odds.

A pair's share goes to its rarer word, which is the one that people see the meaning in: "the
checkout" speaks of checkout. A word of every fourth ticket tells nobody anything; its share is in
the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

from urgency.features import (
    FIELD_MARKS,
    Kinds,
    marked_hashes,
    pair_features,
    stem_features,
    term_of,
    word_features,
    word_hash,
    word_runs,
    word_span,
)
from urgency.ticket import Ticket
from urgency.weights import Weights

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
    base: float, categories: Sequence[Reason], words: WordShares, top: int
) -> Explanation:
    """The `top` heaviest of the categories and the telling words; all else adds up to the rest.

    A reason is made only of what is told, since most words are not.
    """
    first = len(categories)
    weights = [*(reason.weight for reason in categories), *words.weights]
    heaviest = sorted(range(len(weights)), key=lambda one: -abs(weights[one]))
    telling = (one for one in heaviest if one < first or words.is_telling(one - first))
    told = list(islice(telling, top))
    reasons = [categories[one] if one < first else words.reason(one - first) for one in told]
    for one in told:
        weights[one] = 0.0
    return Explanation(base, tuple(reasons), math.fsum(weights))


class WordShares:
    """The different words of a ticket, numbered as they come, and the share of each, `weights`.

    Places of one feature share its weight evenly.
    """

    def __init__(self, ticket: Ticket, kinds: Kinds, weights: Weights) -> None:
        self._ticket, self._kinds, self._of = ticket, kinds, weights
        self._runs = {field: word_runs(getattr(ticket, field)) for field, _ in FIELD_MARKS}
        self._words: list[tuple[str, str]] = []
        owners: list[int] = []
        features: list[int] = []
        for field, mark in FIELD_MARKS:
            words, theirs = self._featured(field, mark)
            owners += words
            features += theirs
        self.weights = self._shares(owners, features)

    def is_telling(self, word: int) -> bool:
        """Whether it does not stand in a quarter of the tickets, in one of the fields."""
        plain = word_hash(term_of(self._words[word][1]))
        places = self._of.places(word_features(plain ^ mark for _, mark in FIELD_MARKS))
        return min(self._of.square[place] for place in places) >= COMMON_SQUARE

    def reason(self, word: int) -> Reason:
        """The word as it stands first in its field."""
        field, run = self._words[word]
        text: str = getattr(self._ticket, field)
        start, end = word_span(text, self._runs[field].index(run))
        return Reason(field, text[start:end], (start, end), self.weights[word])

    def _featured(self, field: str, mark: int) -> tuple[list[int], list[int]]:
        """Each feature of one field, and the word whose it is."""
        runs = self._runs[field]
        numbers = dict(zip(dict.fromkeys(runs), count(len(self._words)), strict=False))
        self._words += [(field, run) for run in numbers]
        words, terms = [numbers[run] for run in runs], list(map(term_of, runs))
        marked = marked_hashes(terms, mark)
        owners, features = words.copy(), word_features(marked)
        if self._kinds.pair:
            owners += self._rarer(words, features)
            features += pair_features(marked)
        if self._kinds.stem:
            owners += words
            features += stem_features(terms)
        return owners, features

    def _rarer(self, words: list[int], features: list[int]) -> list[int]:
        """The rarer one of each two neighbours, the right one of two alike."""
        square = list(map(self._of.square.__getitem__, self._of.places(features)))
        sides = zip(words, words[1:], square, square[1:], strict=False)
        return [left if rare > other else right for left, right, rare, other in sides]

    def _shares(self, owners: list[int], features: list[int]) -> list[float]:
        counts, pull = Counter(features), self._of.pull
        places = self._of.places(counts)
        together = zip(counts.items(), places, strict=True)
        share = {feature: pull[place] / many for (feature, many), place in together}
        shares = [0.0] * len(self._words)
        for word, feature in zip(owners, features, strict=True):
            shares[word] += share[feature]
        norm = self._of.norm(places)
        return [weight / norm for weight in shares]
