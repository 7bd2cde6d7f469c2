"""Bundle -> Scorer: tickets -> calibrated probability, label and exact reasons, without
scikit-learn.

log-odds = bias + one-hot weights + sum(coef * idf) / sqrt(sum(idf ** 2)), the sums going over the
different features of the ticket: binary tf-idf scaled to unit length, as scikit-learn's
TfidfTransformer has it, with Platt's calibration (1999) folded into bias, weights and coef. It is a
sum, so each word's share of a prediction is exact.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from urgency.bundle import Bundle
from urgency.errors import CorruptObject
from urgency.features import FEATURES, FIELD_MARKS, Word, bucket, located_words, marked, terms
from urgency.ticket import Ticket, normal_ticket

GOLDEN_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Reason:
    """A word's share of the log-odds, all its places counted; `span`: the first, in characters."""

    field: str
    word: str
    span: tuple[int, int]
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`base` + the weights of `reasons` (heaviest first) + `rest` = log-odds of the probability."""

    base: float
    reasons: tuple[Reason, ...]
    rest: float


class Scorer:
    """Scores tickets with one model; immutable, so any number of threads may share it."""

    def __init__(self, bundle: Bundle) -> None:
        self.manifest = bundle.manifest
        pull, square = np.zeros(FEATURES), np.full(FEATURES, bundle.manifest.unseen_idf**2)
        pull[bundle.arrays.feature] = bundle.arrays.coef * bundle.arrays.idf
        square[bundle.arrays.feature] = bundle.arrays.idf**2
        # Read one by one, for which numpy's arrays are slow.
        self._pull = array("d", pull.tobytes())
        self._square = array("d", square.tobytes())

    def log_odds(self, ticket: Ticket) -> float:
        """ln(P / (1 - P)) of the calibrated probability."""
        fields = ((terms(getattr(ticket, field)), mark) for field, mark in FIELD_MARKS)
        features = {bucket(feature) for found, mark in fields for feature in marked(found, mark)}
        categories = sum(weight for *_, weight in self._categories(ticket))
        return self._text(features) + categories + self.manifest.bias

    def probability(self, ticket: Ticket) -> float:
        """P(urgent) in [0, 1]."""
        return _sigmoid(self.log_odds(ticket))

    def label(self, probability: float) -> str:
        """`urgent`, `non-urgent` or, within the review band, `review`."""
        band = self.manifest.review
        if band and band[0] <= probability < band[1]:
            return "review"
        return "urgent" if self.is_urgent(probability) else "non-urgent"

    def is_urgent(self, probability: float) -> bool:
        """Whether the probability reaches the model's threshold."""
        return probability >= self.manifest.threshold

    def unknown_categories(self, ticket: Ticket) -> dict[str, str]:
        """Source and tier, by column, that no training ticket had; they weigh nothing."""
        given = ((column, getattr(ticket, column)) for column in self.manifest.weights)
        weights = self.manifest.weights
        return {column: value for column, value in given if value and value not in weights[column]}

    def explain(self, ticket: Ticket, top: int) -> Explanation:
        """The `top` words and categories behind the probability; a pair's share is halved."""
        reasons = [*self._word_reasons(ticket), *self._category_reasons(ticket)]
        reasons.sort(key=lambda reason: -abs(reason.weight))
        rest = math.fsum(reason.weight for reason in reasons[top:])
        return Explanation(self.manifest.bias, tuple(reasons[:top]), rest)

    def _text(self, features: set[int]) -> float:
        if not features:
            return 0.0
        norm = math.sqrt(sum(map(self._square.__getitem__, features)))
        return sum(map(self._pull.__getitem__, features)) / norm

    def _categories(self, ticket: Ticket) -> Iterator[tuple[str, str, float]]:
        for column, weights in self.manifest.weights.items():
            value = getattr(ticket, column)
            if value in weights:
                yield column, value, weights[value]

    def _category_reasons(self, ticket: Ticket) -> Iterator[Reason]:
        return (
            Reason(column, value, (0, len(value)), weight)
            for column, value, weight in self._categories(ticket)
        )

    def _word_reasons(self, ticket: Ticket) -> Iterator[Reason]:
        """A reason for each different word; places of one feature share its weight evenly."""
        fields = [
            (list(located_words(getattr(ticket, field), field)), mark)
            for field, mark in FIELD_MARKS
        ]
        placed = [place for words, mark in fields for place in _placed_features(words, mark)]
        places = Counter(feature for _, feature in placed)
        norm = math.sqrt(sum(map(self._square.__getitem__, places)))
        first: dict[tuple[str, str], Word] = {}
        weights: dict[tuple[str, str], float] = defaultdict(float)
        for word, feature in placed:
            key = (word.field, word.text.lower())
            first.setdefault(key, word)
            weights[key] += self._pull[feature] / norm / places[feature]
        for key, word in first.items():
            yield Reason(word.field, word.text, (word.start, word.end), weights[key])


def _placed_features(words: list[Word], mark: str) -> Iterator[tuple[Word, int]]:
    """Every word with each feature that it takes part in: its own, and those of its pairs."""
    for word in words:
        yield word, bucket(mark + word.term)
    for left, right in pairwise(words):
        pair = bucket(f"{mark}{left.term} {right.term}")
        yield left, pair
        yield right, pair


def verified_scorer(bundle: Bundle) -> Scorer:
    """A scorer that reproduces the bundle's golden tickets to 1e-9.

    Raises CorruptObject: such a model would answer differently here than where it was judged.
    """
    scorer = Scorer(bundle)
    for golden in bundle.golden:
        probability = scorer.probability(normal_ticket(**golden["ticket"]))
        if not abs(probability - golden["probability"]) <= GOLDEN_TOLERANCE:
            version = f"Version {bundle.manifest.version}"
            raise CorruptObject(f"{version} does not reproduce its golden tickets here.")
    return scorer


def _sigmoid(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)
