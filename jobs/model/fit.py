"""Fit: tickets -> the numbers of a bundle. L2 logistic regression over hashed words and pairs,
calibrated by Platt.

C is chosen by the log loss of calibrated out-of-fold scores, which stands label noise better than
PR-AUC does; the same scores calibrate the model (Platt 1999), and the calibration is folded into
the weights, so that what is stored adds up to log-odds. docs/decisions tells what was tried and did
not help.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from jobs.model.metrics import Flags, Floats
from jobs.model.vectors import one_hot, presence_matrix, smooth_idf, unit_rows
from urgency.bundle import Arrays

CATEGORIES = ("source", "customer_tier")
C_GRID = (0.25, 2.0, 16.0, 128.0)
"""Rising; the search stops at the first that is worse than the one before."""

FOLDS = 5


@dataclass(frozen=True)
class Fitted:
    """A model's numbers in calibrated log-odds; `out_of_fold`: P(urgent), shape (rows,)."""

    arrays: Arrays
    bias: float
    unseen_idf: float
    weights: dict[str, dict[str, float]]
    c: float
    out_of_fold: Floats


def fit(frame: pd.DataFrame, *, seed: int = 0) -> Fitted:
    """Fit on the rows of `frame`, whose columns are those of `jobs.tickets.dataset.Dataset`.

    Rows of one split_key share a fold. Where all rows have one label the model is that label's base
    rate.
    """
    with threadpool_limits(1):  # BLAS threads that wait for each other took 3 times the CPU
        return _fit(frame, seed)


def _fit(frame: pd.DataFrame, seed: int) -> Fitted:
    urgent = frame["urgent"].to_numpy(bool)
    if urgent.all() or not urgent.any():
        return _base_rate(urgent)
    presence = presence_matrix(frame)
    idf = smooth_idf(presence)
    categories = {column: sorted(set(frame[column]) - {""}) for column in CATEGORIES}
    hot = [one_hot(frame[column], values) for column, values in categories.items()]
    seen = np.unique(presence.indices)  # dense vectors in the solver: no column without a ticket
    rows = sparse.hstack([unit_rows(presence, idf)[:, seen], *hot]).tocsr()
    folds = folds_of(frame["split_key"], urgent, seed)
    c, (slope, offset), out_of_fold = _tuned(rows, urgent, folds)
    model = _logistic(c).fit(rows, urgent)
    coef = slope * model.coef_[0]
    of_category = iter(coef[len(seen) :].tolist())
    return Fitted(
        arrays=Arrays(seen.astype(np.int32), idf[seen], coef[: len(seen)]),
        bias=float(slope * model.intercept_[0] + offset),
        unseen_idf=math.log(1 + len(frame)) + 1,
        weights={
            column: {value: next(of_category) for value in values}
            for column, values in categories.items()
        },
        c=c,
        out_of_fold=out_of_fold,
    )


def folds_of(keys: pd.Series[Any], urgent: Flags, seed: int) -> NDArray[np.int64]:
    """A fold, 0 .. FOLDS - 1, for each row; equal keys share one, labels are spread evenly."""
    label = pd.Series(urgent, index=keys.index).groupby(keys).max()
    shuffled = [sha256(f"{seed}:{key}".encode()).digest() for key in label.index]
    order = pd.DataFrame(
        {"label": label.to_numpy(), "hash": shuffled}, index=label.index
    ).sort_values(["label", "hash"])
    fold = pd.Series(np.arange(len(order)) % FOLDS, index=order.index)
    return np.asarray(fold.loc[keys].to_numpy(np.int64))


def platt(score: Floats, urgent: Flags) -> tuple[float, float]:
    """Slope (>= 0) and offset of P = sigmoid(slope * score + offset), on Platt's smoothed targets.

    Scores that rank no better than chance get slope 0 and the base rate.
    """
    positives, negatives = int(urgent.sum()), int((~urgent).sum())
    target = np.where(urgent, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale = float(score.std()) or 1.0
    # A soft target t is the label 1 with weight t and the label 0 with weight 1 - t.
    twice = np.concatenate([score, score])[:, None] / scale
    labels = np.repeat([True, False], len(score))
    weights = np.concatenate([target, 1 - target])
    sigmoid = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(
        twice, labels, weights
    )
    slope = float(sigmoid.coef_[0, 0]) / scale
    if slope <= 0:
        return 0.0, math.log((positives + 1) / (negatives + 1))
    return slope, float(sigmoid.intercept_[0])


def _tuned(
    rows: sparse.csr_matrix, urgent: Flags, fold: NDArray[np.int64]
) -> tuple[float, tuple[float, float], Floats]:
    """The C of least out-of-fold log loss, its calibration and calibrated out-of-fold P(urgent)."""
    best_loss, best = math.inf, None
    for c in C_GRID:
        score = np.empty(len(urgent))
        for k in range(FOLDS):
            inside = fold != k
            score[~inside] = (
                _logistic(c).fit(rows[inside], urgent[inside]).decision_function(rows[~inside])
            )
        slope, offset = platt(score, urgent)
        probability = 1 / (1 + np.exp(-(slope * score + offset)))
        loss = float(log_loss(urgent, probability))
        if loss >= best_loss:
            break
        best_loss, best = loss, (c, (slope, offset), probability)
    assert best is not None  # noqa: S101  the first loss is finite
    return best


def _logistic(c: float) -> LogisticRegression:
    return LogisticRegression(C=c, solver="liblinear", tol=1e-3, max_iter=200)


def _base_rate(urgent: Flags) -> Fitted:
    rate = (urgent.sum() + 1) / (len(urgent) + 2)
    nothing = Arrays(np.empty(0, np.int32), np.empty(0), np.empty(0))
    weights: dict[str, dict[str, float]] = {column: {} for column in CATEGORIES}
    return Fitted(
        nothing, float(np.log(rate / (1 - rate))), 1.0, weights, 0.0, np.full(len(urgent), rate)
    )
