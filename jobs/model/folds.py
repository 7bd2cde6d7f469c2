"""Which rows go together: folds and samples that depend on what rows say, not on their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.model.metrics import Flags
from jobs.tickets.split import mixed

Keys = NDArray[np.uint64]


def folds_of(key: Keys, urgent: Flags, folds: int, seed: int = 0) -> NDArray[np.int64]:
    """A fold, 0 .. folds - 1, for each row; equal keys share one, labels are spread evenly."""
    distinct, where = np.unique(key, return_inverse=True)
    with_urgent = np.zeros(len(distinct), bool)
    with_urgent[where[urgent]] = True
    order = np.lexsort((mixed(distinct, seed), with_urgent))
    fold = np.empty(len(distinct), np.int64)
    fold[order] = np.arange(len(distinct)) % folds
    return fold[where]


def sampled(key: Keys, most: int, seed: int = 0) -> Flags:
    """The rows of the `most` smallest hashes; of a key all rows or none, so it may be some less."""
    if len(key) <= most:
        return np.ones(len(key), bool)
    hashes = mixed(key, seed)
    return np.asarray(hashes < np.partition(hashes, most)[most])
