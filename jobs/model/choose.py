"""What the data itself decides about a model: C, and what pairs and stems count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from jobs.model.calibrate import log_losses, platt
from jobs.model.folds import folds_of
from jobs.model.metrics import Flags, Floats
from jobs.model.newton import Rows, Vector, fit_logistic
from jobs.model.vectors import Corpus, Design, design_of
from urgency.features import Kinds

C_GRID = (0.5, 2.0, 8.0, 32.0, 128.0)
PAIR_GRID = (1.0, 0.5, 0.25, 0.0)
"""Both searched in this order, up to the first that is worse than the one before."""

STEM = 1.0
STEM_GAIN_SE = 2.0
"""Standard errors by which stems have to win, because they cost time in serving."""

FOLDS = 5
ENOUGH = 4_000
"""Tickets from which two of the five folds are enough to choose by."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, and the out-of-fold log loss of each row that it was chosen by."""

    c: float
    kinds: Kinds
    losses: Floats

    @property
    def loss(self) -> float:
        """Their mean."""
        return float(self.losses.mean())


def choose(corpus: Corpus, seed: int = 0) -> Choice:
    """C, then the pairs' weight, then stems, each by the log loss of calibrated scores of folds
    that a fit did not see, which stands label noise better than PR-AUC does.
    """
    fold = folds_of(corpus.key, corpus.urgent, FOLDS, seed)
    held = range(FOLDS if len(corpus) < ENOUGH else 2)

    def trial(kinds: Kinds) -> Trial:
        return Trial.of(design_of(corpus, kinds, fold), corpus.urgent, fold, held, kinds)

    best = _last_before_worse(map(trial(Kinds()).choice, C_GRID))
    c = best.c
    lighter = (trial(Kinds(pair)).choice(c) for pair in PAIR_GRID[1:])
    best = _last_before_worse(chain([best], lighter))
    with_stems = trial(best.kinds._replace(stem=STEM)).choice(c)
    gain = best.losses - with_stems.losses
    is_clear = gain.mean() > STEM_GAIN_SE * gain.std() / np.sqrt(len(gain))
    return with_stems if is_clear else best


def smaller_c(trial: Trial, c: float) -> float:
    """The C of a corpus whose sample chose `c`: more tickets have more rare words, which ask for
    stronger regularisation.
    """
    lower = [each for each in reversed(C_GRID) if each <= c]
    return _last_before_worse(map(trial.choice, lower)).c


def _last_before_worse(choices: Iterator[Choice]) -> Choice:
    best = next(choices)
    for choice in choices:
        if choice.loss >= best.loss:
            break
        best = choice
    return best


@dataclass
class Trial:
    """Fits that leave out one of the folds `held` each, and begin where that of the C before it
    ended.
    """

    rows: Rows
    urgent: Flags
    fold: NDArray[np.int64]
    held: Sequence[int]
    kinds: Kinds
    fits: dict[int, Vector] = field(default_factory=dict)

    @staticmethod
    def of(
        design: Design, urgent: Flags, fold: NDArray[np.int64], held: Sequence[int], kinds: Kinds
    ) -> Trial:
        """For these labels and folds, given in the order of the tickets, not of the design."""
        return Trial(design.rows, urgent[design.order], fold[design.order], held, kinds)

    def choice(self, c: float) -> Choice:
        """This C with its losses."""
        score = np.empty(len(self.urgent))
        for k in self.held:
            inside = self.fold != k
            begin = self.fits.get(k)
            self.fits[k] = fit_logistic(self.rows.without(k), self.urgent[inside], c, begin)
            score[~inside] = self.rows.only(k).times(self.fits[k])
        held = np.isin(self.fold, self.held)
        slope, offset = platt(score[held], self.urgent[held])
        losses = log_losses(slope * score[held] + offset, self.urgent[held])
        return Choice(c, self.kinds, losses)
