"""Which rows go together: folds and samples that depend on what rows say, not on their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.model.metrics import Flags

_ODD = np.uint64(0x9E3779B97F4A7C15)

Keys = NDArray[np.uint64]


def folds_of(key: Keys, urgent: Flags, folds: int, seed: int = 0) -> NDArray[np.int64]:
    """A fold, 0 .. folds - 1, for each row; equal keys share one, labels are spread evenly."""
    distinct, where = np.unique(key, return_inverse=True)
    with_urgent = np.zeros(len(distinct), bool)
    with_urgent[where[urgent]] = True
    order = np.lexsort((_mixed(distinct, seed), with_urgent))
    fold = np.empty(len(distinct), np.int64)
    fold[order] = np.arange(len(distinct)) % folds
    return fold[where]


def sampled(key: Keys, most: int, seed: int = 0) -> Flags:
    """The rows of the `most` smallest hashes; of a key all rows or none, so it may be some less."""
    if len(key) <= most:
        return np.ones(len(key), bool)
    mixed = _mixed(key, seed)
    return np.asarray(mixed < np.partition(mixed, most)[most])


def _mixed(key: Keys, seed: int) -> Keys:
    """Hashes without a trace of the split, which goes by the keys' size (after splitmix64)."""
    mixed = (key + np.uint64(seed)) * _ODD
    mixed ^= mixed >> np.uint64(31)
    return mixed * _ODD
