"""Tickets as they are fitted and scored, and a model with its scores of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from jobs.model.evidence import Scores
from jobs.model.honest import HonestScores
from jobs.model.metrics import Flags
from jobs.model.vectors import Corpus, corpus_of, probabilities
from jobs.tickets.columns import Hashes
from jobs.tickets.dataset import Dataset
from jobs.tickets.rare_values import without_rare_values
from jobs.tickets.same_tickets import tickets_digest
from urgency.scorer import Scorer


@dataclass(frozen=True)
class Tickets:
    """Files as they were read, and as what is fitted and scored."""

    data: Dataset
    corpus: Corpus
    given: dict[str, Counter[str]]
    """By column how often each value is given, rare ones included."""

    @staticmethod
    def of(data: Dataset) -> Tickets:
        """The tickets that were read; no rare source or tier is told apart from none."""
        given = {name: Counter(each.counts()) for name, each in data.columns.categories.items()}
        data = replace(data, columns=without_rare_values(data.columns))
        return Tickets(data, corpus_of(data.columns, data.words), given)

    @property
    def text(self) -> Hashes:
        """The hash of each ticket's text, shape (n,)."""
        return self.data.columns.same_text

    @cached_property
    def digest(self) -> str:
        """Of the tickets, whatever their files and order."""
        return tickets_digest(self.data.columns)

    @property
    def learned(self) -> Flags:
        """Which tickets a model is fitted on: all but the test side."""
        return ~self.data.columns.side.holds("test")


@dataclass(frozen=True)
class Model:
    """A model with its honest scores: of tickets it was fitted on, those of fits that were not."""

    scorer: Scorer
    honest: HonestScores

    def scores(self, tickets: Tickets) -> tuple[Scores, Flags]:
        """Honest scores of these tickets, and which of them, label included, it was made from."""
        found, seen = self.honest.find(tickets.text, tickets.corpus.urgent)
        new = np.isnan(found)
        found[new] = probabilities(self.scorer, tickets.corpus.take(new))
        return Scores(found, self.scorer.manifest.threshold), seen
