"""What pushes a model up and down: the words with the largest share of the log-odds.

Only a word of many tickets is named; one of few may be somebody's name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jobs.tickets.dataset import Dataset
from jobs.tickets.texts import Text
from urgency.features import terms, word_hash
from urgency.scorer import Scorer

TICKETS_LEAST = 20
SHOWN = 12


def telling_words(data: Dataset, scorer: Scorer) -> dict[str, list[dict[str, Any]]]:
    """Words that push `up` and `down`, the strongest first: each `word`, the `tickets` it stands in
    and its mean share of their log-odds, `weight`; by a sample of the tickets.
    """
    sample = [*data.texts.values()]
    has_stems = scorer.manifest.kinds.stem > 0
    words = data.words.take(data.has_text).together(stems=has_stems)
    ticket = np.repeat(np.arange(len(words)), words.counts.sum(axis=1))
    distinct, first, word = np.unique(words.plain, return_index=True, return_inverse=True)
    tickets = np.bincount(np.unique(word * len(words) + ticket) // max(1, len(words)))
    weight = np.bincount(word, scorer.word_shares(words)) / np.maximum(tickets, 1)
    order = np.argsort(weight)
    often = order[tickets[order] >= TICKETS_LEAST]

    def named(at: int) -> dict[str, Any]:
        name = _name(sample[ticket[first[at]]], int(distinct[at]))
        return {"word": name, "tickets": int(tickets[at]), "weight": round(float(weight[at]), 4)}

    up, down = often[weight[often] > 0][::-1], often[weight[often] < 0]
    return {"up": [*map(named, up[:SHOWN])], "down": [*map(named, down[:SHOWN])]}


def _name(text: Text, plain: int) -> str:
    """The word of this hash in the text that has it."""
    return {word_hash(term) % 2**32: term for term in terms(text.whole)}[plain]
