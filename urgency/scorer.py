"""Bundle -> Scorer: tickets -> calibrated probability, label and exact reasons, without scikit-learn.

score = intercept + one-hot weights + sum(coef * x), where x = (1 + ln tf) * idf, scaled to unit length (Salton &
Buckley 1988, as in scikit-learn's TfidfTransformer(sublinear_tf=True)); P(urgent) = 1 / (1 + exp(-(slope * score +
offset))) (Platt 1999). The log-odds are a sum, so each word's share of a prediction is exact.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from urgency.bundle import Bundle
from urgency.errors import CorruptObject
from urgency.features import Word, hashed, located_words, words
from urgency.ticket import Ticket, normal_ticket

GOLDEN_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Reason:
    """A word's share of the log-odds, with all its places in the field counted; `span` is the first, in characters."""

    field: str
    word: str
    span: tuple[int, int]
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`base` + the weights of `reasons` (heaviest first) + `rest` = the log-odds of the probability."""

    base: float
    reasons: tuple[Reason, ...]
    rest: float


class Scorer:
    """Scores tickets with one model; immutable, so any number of threads may share it."""

    def __init__(self, bundle: Bundle) -> None:
        self.manifest = bundle.manifest
        self.manifest_sha256 = bundle.manifest_sha256
        arrays = bundle.arrays
        self._learned = dict(
            zip(arrays.feature.tolist(), zip(arrays.idf.tolist(), arrays.coef.tolist(), strict=True), strict=True)
        )
        self._unseen = (bundle.manifest.unseen_idf, 0.0)
        self._sources = bundle.manifest.weights["source"]
        self._tiers = bundle.manifest.weights["customer_tier"]
        self._slope, self._offset = bundle.manifest.calibration

    def probability(self, ticket: Ticket) -> float:
        """P(urgent) in [0, 1]."""
        log_odds = self._slope * self._score(ticket) + self._offset
        return 1 / (1 + math.exp(-log_odds)) if log_odds > 0 else math.exp(log_odds) / (1 + math.exp(log_odds))

    def label(self, probability: float) -> str:
        """`urgent`, `non-urgent` or, within the review band, `review`."""
        band = self.manifest.review
        if band and band[0] <= probability < band[1]:
            return "review"
        return "urgent" if probability >= self.manifest.threshold else "non-urgent"

    def unknown_categories(self, ticket: Ticket) -> dict[str, str]:
        """Source and tier, by column, that no training ticket had; they weigh nothing."""
        given = {"source": (ticket.source, self._sources), "customer_tier": (ticket.customer_tier, self._tiers)}
        return {column: value for column, (value, known) in given.items() if value and value not in known}

    def explain(self, ticket: Ticket, top: int) -> Explanation:
        """The `top` words and categories that made the probability; a pair's share is halved between its words."""
        located = located_words(ticket.title, ticket.description)
        shares = self._shares([word.text.lower() for word in located])
        reasons = sorted(self._reasons(ticket, located, shares), key=lambda reason: -abs(reason.weight))
        base = self._slope * self.manifest.intercept + self._offset
        return Explanation(base, tuple(reasons[:top]), math.fsum(reason.weight for reason in reasons[top:]))

    def _score(self, ticket: Ticket) -> float:
        learned, unseen = self._learned, self._unseen
        total = norm = 0.0
        for feature, count in Counter(hashed(words(ticket.title, ticket.description))).items():
            idf, coef = learned.get(feature, unseen)
            value = idf if count == 1 else (1.0 + math.log(count)) * idf
            total += value * coef
            norm += value * value
        text = total / math.sqrt(norm) if norm else 0.0
        categories = self._sources.get(ticket.source, 0.0) + self._tiers.get(ticket.customer_tier, 0.0)
        return text + categories + self.manifest.intercept

    def _shares(self, terms: list[str]) -> list[float]:
        """Each word's share of the log-odds: its own feature's and half of each pair's that it is part of."""
        features = hashed(terms)
        counts = Counter(features)
        value = {
            feature: (1.0 + math.log(count)) * self._learned.get(feature, self._unseen)[0]
            for feature, count in counts.items()
        }
        scale = self._slope / (math.sqrt(math.fsum(x * x for x in value.values())) or 1.0)
        share = {
            feature: scale * x * self._learned.get(feature, self._unseen)[1] / counts[feature]
            for feature, x in value.items()
        }
        shares = [share[feature] for feature in features[: len(terms)]]
        for left, feature in enumerate(features[len(terms) :]):
            shares[left] += share[feature] / 2
            shares[left + 1] += share[feature] / 2
        return shares

    def _reasons(self, ticket: Ticket, located: list[Word], shares: list[float]) -> list[Reason]:
        """One reason for each different word of a field, and one for each known category."""
        first: dict[tuple[str, str], Word] = {}
        weight: dict[tuple[str, str], float] = {}
        for word, share in zip(located, shares, strict=True):
            key = (word.field, word.text.lower())
            first.setdefault(key, word)
            weight[key] = weight.get(key, 0.0) + share
        reasons = [Reason(word.field, word.text, (word.start, word.end), weight[key]) for key, word in first.items()]
        for column, value, known in (
            ("source", ticket.source, self._sources),
            ("customer_tier", ticket.customer_tier, self._tiers),
        ):
            if value in known:
                reasons.append(Reason(column, value, (0, len(value)), self._slope * known[value]))
        return reasons


def verified_scorer(bundle: Bundle) -> Scorer:
    """A scorer that gives the bundle's golden tickets the probabilities they had at training, to 1e-9.

    Raises CorruptObject: such a model would answer otherwise here than where it was judged.
    """
    scorer = Scorer(bundle)
    for golden in bundle.golden:
        probability = scorer.probability(normal_ticket(**golden["ticket"]))
        if not abs(probability - golden["probability"]) <= GOLDEN_TOLERANCE:
            raise CorruptObject(f"Version {bundle.manifest.version} does not reproduce its golden tickets here.")
    return scorer
