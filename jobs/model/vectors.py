"""Hashed words and categories -> the rows that a linear model is fitted on, one sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from jobs.model.calibrate import sigmoid
from jobs.model.metrics import Flags, Floats
from jobs.model.newton import Rows
from jobs.tickets.rare_values import CATEGORIES
from urgency.batch import BLOCK, Words, features_of, weight_of_kind
from urgency.features import FEATURES, Kinds
from urgency.scorer import Scorer

F4 = NDArray[np.float32]


@dataclass(frozen=True)
class Corpus:
    """Labelled tickets, `n` of them: `words`; `categories`, the values of each column, "" for none;
    `urgent` (n,); `key` (n,): rows of one key say nearly the same.
    """

    words: Words
    categories: dict[str, pd.Categorical]
    urgent: Flags
    key: NDArray[np.uint64]

    def take(self, kept: Flags) -> Corpus:
        """Those that are `kept`, shape (n,)."""
        categories = {name: values[kept] for name, values in self.categories.items()}
        return Corpus(self.words.take(kept), categories, self.urgent[kept], self.key[kept])

    def __len__(self) -> int:
        return len(self.urgent)


def corpus_of(frame: pd.DataFrame, words: Words) -> Corpus:
    """The tickets of Dataset.frame."""
    return Corpus(
        words=words,
        categories={name: pd.Categorical(frame[name]) for name in CATEGORIES},
        urgent=frame["urgent"].to_numpy(bool),
        key=frame["split_key"].to_numpy(np.uint64),
    )


@dataclass(frozen=True)
class Design:
    """What a corpus becomes for one choice of kinds: `rows`, whose columns are the features `seen`
    and then the `values` of each category; `idf` of those features, times the weight of their kind.
    """

    rows: Rows
    seen: NDArray[np.int32]
    idf: Floats
    values: dict[str, list[str]]


def design_of(corpus: Corpus, kinds: Kinds) -> Design:
    """What is fitted: idf * kind of each different feature, to length 1, and the one-hot values."""
    feature, ends = _presence(corpus.words, kinds)
    frequency = np.bincount(feature, minlength=FEATURES)
    idf = (np.log((1 + len(corpus)) / (1 + frequency)) + 1) * weight_of_kind(kinds)
    seen = np.flatnonzero(frequency).astype(np.int32)
    values = {name: sorted(set(column) - {""}) for name, column in corpus.categories.items()}
    hot = [_one_hot(column, values[name]) for name, column in corpus.categories.items()]
    text = _unit_rows(feature, ends, idf, seen)
    shares = [np.asarray(one.sum(axis=0)).ravel() / max(1, one.nnz) for one in hot]
    edges = np.cumsum([0, *map(len, shares)]).tolist()
    groups = tuple(slice(*edge) for edge in pairwise(edges))
    share = np.concatenate(shares).astype(np.float32)
    rows = Rows(text, sparse.hstack(hot, "csr"), share, groups)
    return Design(rows, seen, idf[seen], values)


def _presence(words: Words, kinds: Kinds) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The features of all tickets, one after the other, and where each ticket's begin and end."""
    parts, counts = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
    for block in words.blocks(BLOCK):
        found = features_of(block, kinds)
        parts.append(found.feature)
        counts.append(np.bincount(found.row, minlength=len(block)))
    return np.concatenate(parts), np.concatenate(counts).cumsum()


def _unit_rows(
    feature: NDArray[np.int32], ends: NDArray[np.int64], idf: Floats, seen: NDArray[np.int32]
) -> sparse.csr_matrix:
    """As scikit-learn's TfidfTransformer on binary counts, in float32; columns: those `seen`."""
    data = idf.astype(np.float32)[feature]
    for first in range(0, len(ends) - 1, BLOCK):  # without large intermediate arrays
        edges = ends[first : first + BLOCK + 1]
        _to_unit_length(data[edges[0] : edges[-1]], edges - edges[0])
    column = np.zeros(FEATURES, np.int32)
    column[seen] = np.arange(len(seen))
    return sparse.csr_matrix((data, column[feature], ends), (len(ends) - 1, len(seen)))


def _to_unit_length(data: F4, ends: NDArray[np.int64]) -> None:
    """Scale each row in place; an empty one stays empty."""
    counts = np.diff(ends)
    squares = np.add.reduceat(np.append(data * data, np.float32(0)), ends[:-1])
    data /= np.repeat(np.sqrt(np.where(counts > 0, squares, 1)).astype(np.float32), counts)


def _one_hot(column: pd.Categorical, values: list[str]) -> sparse.csr_matrix:
    """A column a value; a row with "" has no 1. Shape (rows, len(values))."""
    place: dict[Any, int] = {value: at for at, value in enumerate(values)}
    codes = np.array([place.get(value, -1) for value in column.categories], np.int64)[column.codes]
    known = np.flatnonzero(codes >= 0)
    ones = np.ones(len(known), np.float32)
    return sparse.csr_matrix((ones, (known, codes[known])), (len(codes), len(values)))


def probabilities(scorer: Scorer, corpus: Corpus) -> Floats:
    """P(urgent) of each ticket by the scorer that serves, shape (n,)."""
    log_odds = scorer.text_log_odds(corpus.words) + scorer.manifest.bias
    for name, column in corpus.categories.items():
        weights = scorer.manifest.weights[name]
        of_value = np.array([*(weights.get(value, 0.0) for value in column.categories), 0.0])
        log_odds += of_value[column.codes]
    return sigmoid(log_odds)
