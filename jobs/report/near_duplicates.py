"""Near-duplicates between two sides of the split, by MinHash: linear in the number of words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.model.metrics import Flags
from jobs.report.word_sets import word_sets
from jobs.tickets.texts import TicketWords

_BANDS, _ROWS = 8, 4
_SIMILAR = 0.8
_BLOCK = 4_096  # tickets
_TRIED = 8  # tickets of one band that are compared in full
_ODD = np.uint64(0x9E3779B97F4A7C15)

Numbers = NDArray[np.int64]


def near_duplicate_share(tickets: TicketWords, others: TicketWords) -> float:
    """Share of `tickets` that share at least 80 % of their words (Jaccard) with one of `others`.

    One at 80 % is found with probability .98 (Broder 1997; 8 bands of 4 minima), so the share is
    rather too small.
    """
    if not len(tickets) or not len(others):
        return 0.0
    (own, own_bands), (other, other_bands) = _sets(tickets), _sets(others)
    has_twin = np.zeros(len(tickets), bool)
    for keys, other_keys in zip(own_bands, other_bands, strict=True):
        for found, near in _neighbours(keys, other_keys):
            left = np.flatnonzero(~has_twin[found])
            has_twin[found[left]] = _similar(own[found[left]], other[near[left]])
    return float(has_twin.mean())


def _sets(words: TicketWords) -> tuple[sparse.csr_matrix, NDArray[np.uint64]]:
    """The set of each ticket, and of each band their keys, (_BANDS, tickets)."""
    parts = [word_sets(block) for block in words.blocks(_BLOCK)]
    keys = np.concatenate([np.stack([*_band_keys(part)]) for part in parts], axis=1)
    return sparse.vstack(parts, "csr"), keys


def _neighbours(
    keys: NDArray[np.uint64], others: NDArray[np.uint64]
) -> Iterator[tuple[Numbers, Numbers]]:
    """Numbers of keys, and of other keys that equal them; each key at most once at a time."""
    order = np.argsort(others, kind="stable")
    rising = others[order]
    first = np.searchsorted(rising, keys)
    for at in range(_TRIED):
        place = np.minimum(first + at, len(rising) - 1)
        same = np.flatnonzero((rising[place] == keys) & (first + at < len(rising)))
        yield same, order[place[same]]


def _similar(one: sparse.csr_matrix, other: sparse.csr_matrix) -> Flags:
    """Row by row."""
    common = np.asarray(one.multiply(other).sum(axis=1)).ravel()
    either = np.diff(one.indptr) + np.diff(other.indptr) - common
    return np.asarray(common >= _SIMILAR * either)


def _band_keys(sets: sparse.csr_matrix) -> Iterator[NDArray[np.uint64]]:
    """For each band a number of each set; sets whose minima there are the same have the same."""
    words, starts = sets.indices.astype(np.uint64), sets.indptr[:-1]
    for band in range(_BANDS):
        key = np.zeros(sets.shape[0], np.uint64)
        for seed in range(band * _ROWS, (band + 1) * _ROWS):
            key = (key ^ _minima(words, starts, seed)) * _ODD
        yield key


def _minima(words: NDArray[np.uint64], starts: NDArray[np.int32], seed: int) -> NDArray[np.uint64]:
    """The least hash of each set under one multiply-shift function (Dietzfelbinger 1997)."""
    odd = np.uint64((int(_ODD) * (2 * seed + 1)) % 2**64)
    mixed = (words * odd + np.uint64(seed)) >> np.uint64(32)
    return np.minimum.reduceat(mixed, starts)
