"""What the data itself decides about a model: C, and what pairs and stems count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from jobs.model.calibrate import log_losses, platt
from jobs.model.folds import folds_of
from jobs.model.metrics import Floats
from jobs.model.newton import Vector, fit_logistic
from jobs.model.vectors import Corpus, design_of
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
    best = _last_before_worse(map(_Trial(corpus, fold, Kinds()).choice, C_GRID))
    c = best.c
    lighter = (_Trial(corpus, fold, Kinds(pair)).choice(c) for pair in PAIR_GRID[1:])
    best = _last_before_worse(chain([best], lighter))
    with_stems = _Trial(corpus, fold, best.kinds._replace(stem=STEM)).choice(c)
    gain = best.losses - with_stems.losses
    is_clear = gain.mean() > STEM_GAIN_SE * gain.std() / np.sqrt(len(gain))
    return with_stems if is_clear else best


def _last_before_worse(choices: Iterator[Choice]) -> Choice:
    best = next(choices)
    for choice in choices:
        if choice.loss >= best.loss:
            break
        best = choice
    return best


class _Trial:
    """Fits with one choice of kinds; each begins where that of the C before it ended."""

    def __init__(self, corpus: Corpus, fold: NDArray[np.int64], kinds: Kinds) -> None:
        self._corpus, self._fold, self._kinds = corpus, fold, kinds
        self._rows = design_of(corpus, kinds).rows
        self._fits: dict[int, Vector] = {}

    def choice(self, c: float) -> Choice:
        """This C with its losses."""
        folds = range(FOLDS if len(self._corpus) < ENOUGH else 2)
        score, urgent = np.empty(len(self._corpus)), self._corpus.urgent
        for k in folds:
            inside = self._fold != k
            fitted = fit_logistic(self._rows.take(inside), urgent[inside], c, self._fits.get(k))
            score[~inside] = self._rows.take(~inside).times(fitted)
            self._fits[k] = fitted
        held = np.isin(self._fold, folds)
        slope, offset = platt(score[held], urgent[held])
        return Choice(c, self._kinds, log_losses(slope * score[held] + offset, urgent[held]))
