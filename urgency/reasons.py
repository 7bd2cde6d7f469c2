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
from itertools import islice

from urgency.features import (
    FIELD_MARKS,
    Kinds,
    marked_hashes,
    pair_features,
    runs_and_spans,
    stem_features,
    term_of,
    word_features,
    word_hash,
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
    size = list(map(abs, weights))
    heaviest = sorted(range(len(weights)), key=size.__getitem__, reverse=True)
    telling = (one for one in heaviest if one < first or words.is_telling(one - first))
    told = list(islice(telling, top))
    reasons = [categories[one] if one < first else words.reason(one - first) for one in told]
    for one in told:
        weights[one] = 0.0
    return Explanation(base, tuple(reasons), math.fsum(weights))


class WordShares:
    """The different words of a ticket, numbered as they come, and the share of each, `weights`.

    marked: by field, the hash of each word with the field's mark.   places: of the ticket's
    different features.
    """

    def __init__(self, ticket: Ticket, kinds: Kinds, weights: Weights) -> None:
        self._ticket, self._kinds, self._of = ticket, kinds, weights
        self._first: list[tuple[str, str, tuple[int, int]]] = []
        self.marked: list[list[int]] = []
        owners: list[int] = []
        features: list[int] = []
        for field, mark in FIELD_MARKS:
            words, runs = self._numbered(field)
            self._add(words, list(map(term_of, runs)), mark, owners, features)
        different = set(features)
        self.places = weights.places(different)
        self.weights = self._shares(owners, features, different)

    def is_telling(self, word: int) -> bool:
        """Whether it does not stand in a quarter of the tickets, in one of the fields."""
        _, run, _ = self._first[word]
        plain = word_hash(term_of(run))
        features = word_features([plain ^ mark for _, mark in FIELD_MARKS])
        return min(map(self._of.square_of, features)) >= COMMON_SQUARE

    def reason(self, word: int) -> Reason:
        """The word as it stands first in its field."""
        field, _, span = self._first[word]
        text: str = getattr(self._ticket, field)
        return Reason(field, text[slice(*span)], span, self.weights[word])

    def _numbered(self, field: str) -> tuple[list[int], list[str]]:
        """The numbers of a field's words, and the words in lower case."""
        runs, spans = runs_and_spans(getattr(self._ticket, field))
        numbers: dict[str, int] = {}
        for run, span in zip(runs, spans, strict=True):
            if run not in numbers:
                numbers[run] = len(self._first)
                self._first.append((field, run, span))
        return list(map(numbers.__getitem__, runs)), runs

    def _add(
        self, words: list[int], terms: list[str], mark: int, owners: list[int], features: list[int]
    ) -> None:
        """Add the `features` of one field, and for each the word that owns it."""
        marked = marked_hashes(terms, mark)
        self.marked.append(marked)
        own = word_features(marked)
        owners += words
        features += own
        if self._kinds.pair:
            owners += self._rarer(words, own)
            features += pair_features(marked)
        if self._kinds.stem:
            owners += words
            features += stem_features(terms)

    def _rarer(self, words: list[int], features: list[int]) -> list[int]:
        """The rarer one of each two neighbours, the right one of two alike."""
        square = list(map(self._of.square.__getitem__, self._of.places(features)))
        sides = zip(words, words[1:], square, square[1:], strict=False)
        return [left if rare > other else right for left, right, rare, other in sides]

    def _shares(self, owners: list[int], features: list[int], different: set[int]) -> list[float]:
        """What each word gets of its features; places of one feature share its weight evenly."""
        weight = dict(zip(different, map(self._of.pull.__getitem__, self.places), strict=True))
        for feature, many in Counter(features).items():
            if many > 1:
                weight[feature] /= many
        shares = [0.0] * len(self._first)
        for word, share in zip(owners, map(weight.__getitem__, features), strict=True):
            shares[word] += share
        norm = self._of.norm(self.places)
        return [share / norm for share in shares]
