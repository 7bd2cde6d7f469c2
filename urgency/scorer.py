"""Bundle -> Scorer: tickets -> calibrated probability, label and exact reasons, without
scikit-learn.

log-odds = bias + one-hot weights + sum(coef * idf) / sqrt(sum(idf ** 2)), the sums going over the
different features of the ticket: binary tf-idf scaled to unit length, as scikit-learn's
TfidfTransformer has it, with Platt's calibration (1999) folded into bias, weights and coef. It is a
sum, so each word's share of a prediction is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from urgency.batch import BLOCK, Words, features_of, words_of
from urgency.batch_reasons import WordShare, top_reasons
from urgency.bundle import Bundle
from urgency.errors import CorruptObject
from urgency.features import MASK
from urgency.observed import Tally
from urgency.reasons import Explanation, Reason, WordShares, explanation
from urgency.ticket import Ticket, normal_ticket
from urgency.ticket_words import ticket_words
from urgency.weights import Floats, Weighed, Weights

GOLDEN_TOLERANCE = 1e-9
FEW = 8
"""Tickets below which one after the other is faster than arrays."""

AT_ONCE = 256
"""Tickets whose arrays stay in the processor's cache; of a thousand they cost a third more."""


class Score(NamedTuple):
    """P(urgent), and whether training saw any word or pair of the title and description."""

    probability: float
    knows_words: bool


class Scorer:
    """Scores tickets with one model; immutable, so any number of threads may share it."""

    def __init__(self, bundle: Bundle) -> None:
        self.manifest, self._kinds = bundle.manifest, bundle.manifest.kinds
        self._weights = Weights(bundle.arrays, self.manifest.unseen_idf, self._kinds)

    def log_odds(self, ticket: Ticket) -> float:
        """ln(P / (1 - P)) of the calibrated probability."""
        return self._weighed(ticket).text + self._of_categories(ticket)

    def probability(self, ticket: Ticket) -> float:
        """P(urgent) in [0, 1]."""
        return _sigmoid(self.log_odds(ticket))

    def score(self, ticket: Ticket, tally: Tally | None = None) -> Score:
        """The probability with what it rests on; `tally` counts the ticket."""
        return self._scored(ticket, self._weighed(ticket), self._of_categories(ticket), tally)

    def explained(
        self, ticket: Ticket, top: int, tally: Tally | None = None
    ) -> tuple[Score, Explanation]:
        """The same score as `score`, and the `top` words and categories behind it."""
        found = self._weighed(ticket)
        words = WordShares(ticket, found, self._weights)
        categories = [
            Reason(column, value, (0, len(value)), weight)
            for column, value, weight in self._categories(ticket)
        ]
        why = explanation(self.manifest.bias, categories, words, top)
        shift = sum([reason.weight for reason in categories]) + self.manifest.bias
        return self._scored(ticket, found, shift, tally), why

    def scores(self, tickets: Sequence[Ticket], tally: Tally | None = None) -> list[Score]:
        """The score of each ticket: that of `score`, many at once in a fraction of the time."""
        if len(tickets) < FEW:
            return [self.score(ticket, tally) for ticket in tickets]
        begins = range(0, len(tickets), AT_ONCE)
        groups = (self._together(tickets[begin : begin + AT_ONCE], tally) for begin in begins)
        return list(chain.from_iterable(groups))

    def tally(self) -> Tally:
        """Counts of what this model scores, none yet."""
        return Tally(self.seen_words(), self.manifest.weights)

    def seen_words(self) -> NDArray[np.bool_]:
        """Whether training saw each feature that is a word, by its number."""
        return self._weights.seen_words()

    def text_log_odds(self, words: Words) -> Floats:
        """What titles and descriptions add to the log-odds, without bias, shape (tickets,)."""
        found = ((features_of(block, self._kinds), len(block)) for block in words.blocks(BLOCK))
        blocks = [self._weights.texts(*one)[0] for one in found]
        return np.concatenate([np.empty(0), *blocks])

    def word_shares(self, words: Words) -> Floats:
        """What each word adds to its ticket's log-odds, pairs and stems not counted, (words,)."""
        shares = [np.empty(0)]
        for block in words.blocks(BLOCK):
            norms = self._weights.norms(features_of(block, self._kinds), len(block))
            pull = self._weights.pulls(block.marked & MASK)
            shares.append(pull / np.repeat(norms, block.counts.sum(axis=1)))
        return np.concatenate(shares)

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
        """The `top` words and categories behind the probability."""
        return self.explained(ticket, top)[1]

    def reasons(self, tickets: Sequence[Ticket], top: int) -> Iterator[tuple[WordShare, ...]]:
        """The reasons that `explain` gives for each ticket, many at once."""
        by_name = {(one.source, one.customer_tier): one for one in tickets}  # few differ
        named = {
            key: [*map(WordShare._make, self._categories(one))] for key, one in by_name.items()
        }
        categories = [named[one.source, one.customer_tier] for one in tickets]
        return top_reasons(tickets, categories, self._kinds, self._weights, top)

    def _together(self, tickets: Sequence[Ticket], tally: Tally | None) -> Iterator[Score]:
        texts = [(ticket.title, ticket.description) for ticket in tickets]
        words = words_of(texts, stems=self._kinds.stem > 0)
        log_odds, knows_words = self._weights.texts(features_of(words, self._kinds), len(words))
        log_odds += self.manifest.bias
        for column, weights in self.manifest.weights.items():
            log_odds += [weights.get(getattr(ticket, column), 0.0) for ticket in tickets]
        probability = list(map(_sigmoid, log_odds.tolist()))
        if tally:
            tally.add_many(probability, words, tickets)
        return map(Score, probability, knows_words.tolist())

    def _weighed(self, ticket: Ticket) -> Weighed:
        return self._weights.weighed(ticket_words(ticket))

    def _scored(self, ticket: Ticket, found: Weighed, shift: float, tally: Tally | None) -> Score:
        probability = _sigmoid(found.text + shift)
        if tally:
            tally.add(probability, found.words.marked, ticket)
        return Score(probability, found.is_seen)

    def _of_categories(self, ticket: Ticket) -> float:
        """Bias and one-hot weights."""
        return sum(weight for *_, weight in self._categories(ticket)) + self.manifest.bias

    def _categories(self, ticket: Ticket) -> Iterator[tuple[str, str, float]]:
        for column, weights in self.manifest.weights.items():
            value = getattr(ticket, column)
            if value in weights:
                yield column, value, weights[value]


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
