"""Tickets -> the sparse matrix that a linear model is fitted on (`urgency.features`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from urgency.features import FEATURES, FIELD_MARKS, bucket, terms

_BITS = FEATURES.bit_length() - 1


def presence_matrix(frame: pd.DataFrame) -> sparse.csr_matrix:
    """Which hashed feature each ticket has: shape (rows, FEATURES), 1.0 where it is there.

    Equal to HashingVectorizer(binary=True, norm=None) over the same features, but each different
    word and each different pair of the corpus is hashed once only.
    """
    cells = [_field_cells(frame[field], mark) for field, mark in FIELD_MARKS]
    distinct = np.unique(
        np.concatenate(cells)
    )  # row << bits | feature: sorted, each once, so this is CSR already
    ends = np.searchsorted(distinct >> _BITS, np.arange(len(frame) + 1))
    shape = (len(frame), FEATURES)
    return sparse.csr_matrix(
        (np.ones(len(distinct)), (distinct & (FEATURES - 1)).astype(np.int32), ends), shape=shape
    )


def smooth_idf(presence: sparse.csr_matrix) -> NDArray[np.float64]:
    """ln((1 + n) / (1 + df)) + 1 by feature, as scikit-learn with smooth_idf; shape (FEATURES,)."""
    document_frequency = np.bincount(presence.indices, minlength=FEATURES)
    return np.asarray(np.log((1 + presence.shape[0]) / (1 + document_frequency)) + 1)


def unit_rows(presence: sparse.csr_matrix, idf: NDArray[np.float64]) -> sparse.csr_matrix:
    """Each ticket's features weighted by idf and scaled to length 1."""
    weighted = presence.copy()
    weighted.data = idf[presence.indices]
    squares = np.add.reduceat(np.append(weighted.data**2, 0.0), weighted.indptr[:-1])
    lengths = np.diff(weighted.indptr)
    norm = np.sqrt(np.where(lengths > 0, squares, 1.0))
    weighted.data /= np.repeat(norm, lengths)
    return weighted


def one_hot(values: pd.Series[Any], categories: Sequence[str]) -> sparse.csr_matrix:
    """A column a category; a value that is none of them has no 1. Shape (rows, len(categories))."""
    codes = pd.Index(list(categories), dtype=object).get_indexer(pd.Index(values.to_numpy(object)))
    known = np.flatnonzero(codes >= 0)
    shape = (len(values), len(categories))
    return sparse.csr_matrix((np.ones(len(known)), (known, codes[known])), shape=shape)


def _field_cells(texts: pd.Series[str], mark: str) -> NDArray[np.int64]:
    """row << bits | feature for each word and each pair of neighbours in one field."""
    number_of: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for text in texts:
        found = terms(text)
        flat += [number_of.setdefault(term, len(number_of)) for term in found]
        lengths.append(len(found))
    word = np.array(flat, np.int64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    vocabulary = list(number_of)
    neighbours = row[:-1] == row[1:]
    pair = (word[:-1] * len(vocabulary) + word[1:])[neighbours]
    words = _hashed(word, lambda key: mark + vocabulary[key])
    pairs = _hashed(
        pair,
        lambda key: (
            f"{mark}{vocabulary[key // len(vocabulary)]} {vocabulary[key % len(vocabulary)]}"
        ),
    )
    return np.concatenate([row << _BITS | words, row[:-1][neighbours] << _BITS | pairs])


def _hashed(keys: NDArray[np.int64], feature_of: Callable[[int], str]) -> NDArray[np.int64]:
    """The feature number of each key, computed once for each different one."""
    distinct, where = np.unique(keys, return_inverse=True)
    return np.array([bucket(feature_of(key)) for key in distinct.tolist()], np.int64)[where]
