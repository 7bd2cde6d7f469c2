"""Evidence: what the gate looks at, every ticket with a score that was made without it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jobs.model.metrics import (
    Flags,
    Floats,
    expected_roc_auc,
    pr_auc_difference,
    roc_auc_with_error,
)
from jobs.tickets.columns import Category

MIN_OF_EACH_LABEL = 5
"""Tickets of each label that new files need, alone or together, to be judged."""


@dataclass(frozen=True)
class Scores:
    """A model's honest P(urgent), shape (n,), and the threshold from which it calls one urgent.

    Honest: out of fold where the model was fitted on the ticket, plain elsewhere, NaN for none.
    """

    probability: Floats
    threshold: float

    @property
    def known(self) -> Flags:
        """Which tickets have an honest score, shape (n,)."""
        return ~np.isnan(self.probability)

    @property
    def called(self) -> Flags:
        """Which tickets it calls urgent, shape (n,)."""
        return self.probability >= self.threshold


@dataclass(frozen=True)
class Champion:
    """The serving model on the candidate's tickets; `rows` is how many it was made from itself.

    `seen`: the ticket stood in its snapshot with the same label, shape (n,).
    """

    version: int
    rows: int
    scores: Scores
    seen: Flags


@dataclass(frozen=True)
class NewFiles:
    """Rows, as their numbers, that came in one new file, or in several small ones together."""

    names: tuple[str, ...]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """The candidate's n tickets in order of file and line; arrays have shape (n,).

    `file`: the number of the ticket's file in `files`. `slices`: source and tier.
    `repeats`: the champion was made from equal tickets.
    """

    urgent: Flags
    file: NDArray[np.int64]
    files: tuple[str, ...]
    ours: Scores
    min_rows: int
    slices: dict[str, Category] = field(default_factory=dict)
    broken_promises: tuple[str, ...] = ()
    champion: Champion | None = None
    repeats: bool = False


@dataclass(frozen=True)
class Comparison:
    """The candidate beside the champion: old tickets, which the champion knows, and new ones."""

    evidence: Evidence
    champion: Champion

    @property
    def both(self) -> Flags:
        """Tickets that have an honest score of each, shape (n,)."""
        return self.evidence.ours.known & self.champion.scores.known

    @property
    def old(self) -> Flags:
        """Those of `both` that the champion has seen, shape (n,)."""
        return self.both & self.champion.seen

    @cached_property
    def pr_auc_difference(self) -> Floats:
        """PR-AUC less the champion's on all tickets, a bootstrap's values, sorted."""
        models = (self.evidence.ours, self.champion.scores)
        ours, theirs = (model.probability[self.both] for model in models)
        return pr_auc_difference(ours, theirs, self.evidence.urgent[self.both])

    @property
    def pr_auc_interval(self) -> tuple[float, float, float]:
        """That difference at 5, 50 and 95 %."""
        low, middle, high = np.quantile(self.pr_auc_difference, (0.05, 0.5, 0.95))
        return float(low), float(middle), float(high)

    @cached_property
    def level(self) -> float:
        """The champion's ROC-AUC on the old tickets; .5 where one label lacks."""
        urgent = self.evidence.urgent[self.old]
        if not has_both_labels(urgent):
            return 0.5
        return roc_auc_with_error(self.champion.scores.probability[self.old], urgent)[0]

    @cached_property
    def new_files(self) -> tuple[NewFiles, ...]:
        """New tickets by file; a file with few of a label is put together with the next ones.

        What remains at the end belongs to the last one before it, and to nothing where there is
        none: it is too little to judge.
        """
        return tuple(self._pooled())

    def agreement(self, new: NewFiles) -> tuple[float, float]:
        """The candidate's ROC-AUC on new files and its standard error."""
        evidence = self.evidence
        return roc_auc_with_error(evidence.ours.probability[new.rows], evidence.urgent[new.rows])

    def forecast(self, new: NewFiles) -> float:
        """The ROC-AUC that the champion promises on new files by its probabilities there.

        A topic of which it knows little gets probabilities close together and so a low forecast.
        """
        return expected_roc_auc(self.champion.scores.probability[new.rows])

    @cached_property
    def all_new(self) -> NewFiles | None:
        """All new files together; None where they are one, or too little to judge."""
        if len(self.new_files) < 2:
            return None
        rows = np.concatenate([new.rows for new in self.new_files])
        return NewFiles(tuple(name for new in self.new_files for name in new.names), rows)

    def most_unlike(self) -> NewFiles | None:
        """The new files whose labels the candidate follows least; None where none can be judged."""
        return min(self.new_files, key=lambda new: self.agreement(new)[0], default=None)

    def _pooled(self) -> Iterator[NewFiles]:
        evidence = self.evidence
        new = np.flatnonzero(self.both & ~self.champion.seen)
        by_file = new[np.argsort(evidence.file[new], kind="stable")]
        starts = np.flatnonzero(np.diff(evidence.file[by_file], prepend=-1))
        ends = np.append(starts[1:], len(by_file))
        urgent = np.append(0, np.cumsum(evidence.urgent[by_file]))
        start, last = 0, None
        for end in ends:
            found = urgent[end] - urgent[start]
            if min(found, end - start - found) >= MIN_OF_EACH_LABEL:
                if last is not None:
                    yield self._of(by_file[last:start])
                last, start = start, end
        if last is not None:
            yield self._of(by_file[last:])

    def _of(self, rows: NDArray[np.int64]) -> NewFiles:
        numbers = np.unique(self.evidence.file[rows])
        return NewFiles(tuple(self.evidence.files[number] for number in numbers), rows)


def has_both_labels(urgent: Flags) -> bool:
    """Whether each label occurs often enough for statistics of ranks."""
    return bool(min(urgent.sum(), (~urgent).sum()) >= MIN_OF_EACH_LABEL)
