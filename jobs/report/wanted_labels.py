"""Which tickets of many a person should label next, for the version that serves. Pure.

A mix, because each reason alone has a blind side: tickets near the cut tell nothing of what the
model has never met, and tickets with unseen words may be noise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from jobs.tickets.split import text_hash
from urgency.batch import words_of
from urgency.bundle import Bundle
from urgency.features import MASK
from urgency.observed import NONE, OTHER
from urgency.scorer import Scorer
from urgency.ticket import Ticket, same_text

CUT, WORDS, SOURCE = "near the cut", "with unseen words", "from a source with few labels"
MIX = (CUT, WORDS, CUT, SOURCE)
"""Whose turn it is; a reason that has no more tickets is passed over."""

MORE_THAN = 1.5
"""How many times its share of the labelled tickets a source must have here to be asked about."""

_TINY = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The ticket at this place, and why it was chosen."""

    at: int
    why: str


def wanted_labels(
    tickets: Sequence[Ticket], bundle: Bundle, learned: Mapping[str, int], most: int
) -> list[Wanted]:
    """At most `most` tickets, each text once; the same tickets give the same choice.

    learned: labelled tickets by source as the version's reference counts them; empty where it has
    none, and then no ticket is chosen for its source.
    """
    keys = [text_hash(same_text(ticket)) for ticket in tickets]
    first = {key: at for at, key in reversed([*enumerate(keys)])}
    order = sorted(first.values(), key=keys.__getitem__)  # by chance, the same each time
    rankings = {
        CUT: iter(_by_distance(tickets, order, Scorer(bundle))),
        WORDS: iter(_by_unseen_words(tickets, order, bundle)),
        SOURCE: iter(_by_source(_sources(tickets, order, bundle), order, learned)),
    }
    return list(_mixed(rankings, most))


def _mixed(rankings: dict[str, Iterator[int]], most: int) -> Iterator[Wanted]:
    chosen: set[int] = set()
    for why in cycle(MIX):
        if not rankings or len(chosen) == most:
            return
        if why in rankings:
            at = next((at for at in rankings[why] if at not in chosen), None)
            if at is None:
                del rankings[why]
            else:
                chosen.add(at)
                yield Wanted(at, why)


def _by_distance(tickets: Sequence[Ticket], order: list[int], scorer: Scorer) -> list[int]:
    """The least sure first, by log-odds."""
    scores = scorer.scores([tickets[at] for at in order])
    probability = np.array([score.probability for score in scores], np.float64)
    distance = np.abs(_log_odds(probability) - _log_odds(np.array(scorer.manifest.threshold)))
    return [order[at] for at in np.argsort(distance, kind="stable")]


def _by_unseen_words(tickets: Sequence[Ticket], order: list[int], bundle: Bundle) -> list[int]:
    """Tickets with words that training did not see, those with the greatest share first."""
    words = words_of([(tickets[at].title, tickets[at].description) for at in order], stems=False)
    unseen = ~np.isin(words.marked & MASK, bundle.arrays.feature)
    row = np.repeat(np.arange(len(order)), words.counts.sum(axis=1))
    lengths = np.bincount(row, minlength=len(order))
    share = np.bincount(row, unseen, len(order)) / np.maximum(lengths, 1)
    return [order[at] for at in np.argsort(-share, kind="stable") if share[at] > 0]


def _sources(tickets: Sequence[Ticket], order: list[int], bundle: Bundle) -> list[str]:
    """Of each ticket, as a reference calls it."""
    named = bundle.manifest.weights.get("source", {})
    values = (tickets[at].source for at in order)
    return [NONE if not value else value if value in named else OTHER for value in values]


def _by_source(sources: list[str], order: list[int], learned: Mapping[str, int]) -> list[int]:
    """Tickets of sources that are more frequent here than among the labelled ones."""
    if not learned:
        return []
    here, of_learned = Counter(sources), sum(learned.values())
    times = {
        source: (count / len(order)) / max(learned.get(source, 0) / of_learned, _TINY)
        for source, count in here.items()
    }
    found = [place for place in range(len(order)) if times[sources[place]] > MORE_THAN]
    return [order[place] for place in sorted(found, key=lambda place: -times[sources[place]])]


def _log_odds(probability: Floats) -> Floats:
    inside = np.clip(probability, _TINY, 1 - _TINY)
    return np.asarray(np.log(inside) - np.log1p(-inside))
