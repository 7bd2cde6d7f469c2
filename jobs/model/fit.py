"""Fit: tickets -> the numbers of a bundle. L2 logistic regression over hashed words, pairs and
stems, calibrated by Platt.

A large corpus chooses its settings on a sample. Calibration is by scores of folds that a fit did
not see, and is folded into the weights, so that what is stored adds up to log-odds. docs/decisions
tells what was tried and did not help.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from jobs.model.calibrate import platt, sigmoid
from jobs.model.choose import FOLDS, Trial, choose, smaller_c
from jobs.model.folds import folds_of, sampled
from jobs.model.metrics import Flags, Floats
from jobs.model.newton import Rows, Vector, fit_logistic
from jobs.model.vectors import Corpus, design_of
from urgency.bundle import Arrays
from urgency.features import Kinds

SAMPLE = 10_000
"""Tickets on which a larger corpus chooses."""

LARGE_FOLDS = 3
"""Folds of a larger corpus, where two thirds of the tickets teach nearly what all do."""

FINAL_TOLERANCE = 3e-3


@dataclass(frozen=True)
class Fitted:
    """A model's numbers in calibrated log-odds. Of each ticket, shape (n,): `out_of_fold`,
    P(urgent) by a fit that had not seen it; `seen`, by this model, which has.
    """

    arrays: Arrays
    kinds: Kinds
    bias: float
    unseen_idf: float
    weights: dict[str, dict[str, float]]
    c: float
    out_of_fold: Floats
    seen: Floats


def fit(corpus: Corpus, *, seed: int = 0) -> Fitted:
    """Fit on these tickets. Where all have one label the model is that label's base rate."""
    if corpus.urgent.all() or not corpus.urgent.any():
        return _base_rate(corpus)
    with threadpool_limits(1):  # BLAS threads that wait for each other took 3 times the CPU
        choice = choose(corpus.take(sampled(corpus.key, SAMPLE, seed)), seed)
        return _fit(corpus, choice.c, choice.kinds, seed)


def _fit(corpus: Corpus, c: float, kinds: Kinds, seed: int) -> Fitted:
    is_large = len(corpus) > SAMPLE
    # Not the folds that chose, whose luck the choice has in it.
    fold = folds_of(corpus.key, corpus.urgent, LARGE_FOLDS if is_large else FOLDS, seed + 1)
    design = design_of(corpus, kinds, fold)
    rows, urgent = design.rows, corpus.urgent[design.order]
    first = Trial.of(design, corpus.urgent, fold, range(1), kinds)
    c = smaller_c(first, c) if is_large else c
    score, start = _out_of_fold(rows, urgent, first.fold, c, first.fits)
    slope, offset = platt(score, urgent)
    weights = fit_logistic(rows, urgent, c, start, FINAL_TOLERANCE)
    served = slope * rows.centred(weights).astype(np.float64)
    of_value = iter(served[len(design.seen) : -1].tolist())
    in_order = np.argsort(design.order)
    return Fitted(
        arrays=Arrays(design.seen, design.idf, served[: len(design.seen)]),
        kinds=kinds,
        bias=float(served[-1] + offset),
        unseen_idf=math.log(1 + len(corpus)) + 1,
        weights={
            name: {value: next(of_value) for value in values}
            for name, values in design.values.items()
        },
        c=c,
        out_of_fold=sigmoid(slope * score + offset)[in_order],
        seen=sigmoid(slope * rows.times(weights).astype(np.float64) + offset)[in_order],
    )


def _out_of_fold(
    rows: Rows, urgent: Flags, fold: NDArray[np.int64], c: float, starts: Mapping[int, Vector]
) -> tuple[Floats, Vector]:
    """Scores by fits that did not see the row, and the mean of those fits.

    A fit begins where one that left out the same fold ended, else at the base rate: a better
    beginning would have seen the rows.
    """
    score, fits = np.empty(len(urgent)), []
    for k in range(int(fold.max()) + 1):
        inside = fold != k
        fits.append(fit_logistic(rows.without(k), urgent[inside], c, starts.get(k)))
        score[~inside] = rows.only(k).times(fits[-1])
    return score, np.asarray(np.mean(fits, axis=0), np.float32)


def _base_rate(corpus: Corpus) -> Fitted:
    rate = (corpus.urgent.sum() + 1) / (len(corpus) + 2)
    nothing = Arrays(np.empty(0, np.int32), np.empty(0), np.empty(0))
    return Fitted(
        arrays=nothing,
        kinds=Kinds(),
        bias=float(np.log(rate / (1 - rate))),
        unseen_idf=1.0,
        weights={name: {} for name in corpus.categories},
        c=0.0,
        out_of_fold=np.full(len(corpus), rate),
        seen=np.full(len(corpus), rate),
    )
