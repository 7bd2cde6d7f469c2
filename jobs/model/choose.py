"""What the data itself decides about a model: C, and what pairs and stems count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.model.calibrate import log_losses, platt
from jobs.model.folds import folds_of
from jobs.model.metrics import Floats
from jobs.model.newton import Vector, fit_logistic
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
    """C, then the pairs' weight, then stems, each by the log loss of calibrated scores of folds that
    a fit did not see, which stands label noise better than PR-AUC does.
    """
    trial = _Trial(corpus, folds_of(corpus.key, corpus.urgent, FOLDS, seed))
    best = trial.best_c(Kinds())
    for pair in PAIR_GRID[1:]:
        other = trial.of(best.c, Kinds(pair))
        if other.loss >= best.loss:
            break
        best = other
    with_stems = trial.of(best.c, best.kinds._replace(stem=STEM))
    gain = best.losses - with_stems.losses
    clear = gain.mean() > STEM_GAIN_SE * gain.std() / np.sqrt(len(gain))
    return with_stems if clear else best


@dataclass(frozen=True)
class _Trial:
    corpus: Corpus
    fold: np.ndarray

    def best_c(self, kinds: Kinds) -> Choice:
        design, starts, best = design_of(self.corpus, kinds), {}, None
        for c in C_GRID:
            choice = self._choice(design, c, kinds, starts)
            if best and choice.loss >= best.loss:
                break
            best = choice
        return best

    def of(self, c: float, kinds: Kinds) -> Choice:
        return self._choice(design_of(self.corpus, kinds), c, kinds, {})

    def _choice(self, design, c, kinds, starts) -> Choice:
        folds = range(FOLDS if len(self.corpus) < ENOUGH else 2)
        score = np.empty(len(self.corpus))
        for k in folds:
            inside = self.fold != k
            starts[k] = fit_logistic(design.rows.take(inside), self.corpus.urgent[inside], c, starts.get(k))
            score[~inside] = design.rows.take(~inside).times(starts[k])
        held = np.isin(self.fold, folds)
        urgent = self.corpus.urgent[held]
        slope, offset = platt(score[held], urgent)
        return Choice(c, kinds, log_losses(slope * score[held] + offset, urgent))
