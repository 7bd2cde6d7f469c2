"""Hashed words and categories -> the rows that a linear model is fitted on, one sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from jobs.model.calibrate import sigmoid
from jobs.model.metrics import Flags, Floats
from jobs.model.newton import Block, Rows
from jobs.tickets.rare_values import CATEGORIES
from urgency.batch import BLOCK, Words, features_of, weight_of_kind
from urgency.features import FEATURES, Kinds
from urgency.scorer import Scorer

F4 = np.float32
AT_ONCE = 16_384
"""Tickets of a block of what is fitted."""


@dataclass(frozen=True)
class Corpus:
    """Labelled tickets, `n` of them: those at `place` (n,) in `words`; `categories`, the values of
    each column, "" for none; `urgent` (n,); `key` (n,): rows of one key say nearly the same.
    """

    words: Words
    place: NDArray[np.int64]
    categories: dict[str, pd.Categorical]
    urgent: Flags
    key: NDArray[np.uint64]

    def take(self, kept: Flags) -> Corpus:
        """Those that are `kept`, shape (n,); their words are not copied."""
        categories = {name: values[kept] for name, values in self.categories.items()}
        return Corpus(self.words, self.place[kept], categories, self.urgent[kept], self.key[kept])

    def __len__(self) -> int:
        return len(self.urgent)


def corpus_of(frame: pd.DataFrame, words: Words) -> Corpus:
    """The tickets of Dataset.frame."""
    return Corpus(
        words=words,
        place=np.arange(len(frame)),
        categories={name: pd.Categorical(frame[name]) for name in CATEGORIES},
        urgent=frame["urgent"].to_numpy(bool),
        key=frame["split_key"].to_numpy(np.uint64),
    )


@dataclass(frozen=True)
class Design:
    """What a corpus becomes for one choice of kinds: `rows`, by fold, which are the tickets `order`
    (n,), their columns the features `seen` and then the `values` of each category; `idf` of those
    features, times the weight of their kind.
    """

    rows: Rows
    order: NDArray[np.int64]
    seen: NDArray[np.int32]
    idf: Floats
    values: dict[str, list[str]]


def design_of(corpus: Corpus, kinds: Kinds, fold: NDArray[np.int64]) -> Design:
    """What is fitted: idf * kind of each different feature, to length 1, and a column a value.

    fold: shape (n,), which rows belong together.
    """
    order = np.argsort(fold, kind="stable")
    feature, ends = _presence(corpus, order, kinds)
    frequency = _frequency(feature)
    idf = (np.log((1 + len(corpus)) / (1 + frequency)) + 1) * weight_of_kind(kinds)
    seen = np.flatnonzero(frequency).astype(np.int32)
    values = {name: sorted(set(column) - {""}) for name, column in corpus.categories.items()}
    edges = np.cumsum([0, *map(len, values.values())])
    value = np.stack(
        [_codes(corpus.categories[name], values[name], edge) for name, edge in zip(values, edges)],
        axis=1,
    )[order]
    groups = tuple(slice(*edge) for edge in pairwise(edges.tolist()))
    counts = np.bincount((value + 1).ravel(), minlength=edges[-1] + 1)[1:]
    share = np.concatenate([counts[group] / max(1, counts[group].sum()) for group in groups])
    blocks = _blocks(feature, ends, idf, seen, fold[order], value)
    rows = Rows(tuple(blocks), idf[seen].astype(F4), share.astype(F4), groups)
    return Design(rows, order, seen, idf[seen], values)


def _presence(
    corpus: Corpus, order: NDArray[np.int64], kinds: Kinds
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The features of the tickets in this order, and where each ticket's begin and end."""
    tickets = corpus.place[order]
    most = int(corpus.words.counts[tickets].sum()) * sum(kind > 0 for kind in (1, *kinds))
    feature = np.empty(most, np.int32)  # what is not written to takes no memory
    counts, end = [np.zeros(1, np.int64)], 0
    for block in corpus.words.in_order(tickets, BLOCK):
        found = features_of(block, kinds)
        feature[end : end + len(found.feature)] = found.feature
        end += len(found.feature)
        counts.append(np.bincount(found.row, minlength=len(block)))
    return feature[:end], np.concatenate(counts).cumsum()


def _frequency(feature: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many tickets have each feature, (FEATURES,)."""
    frequency = np.zeros(FEATURES, np.int64)
    for begin in range(0, len(feature), FEATURES):  # bincount copies what it counts
        frequency += np.bincount(feature[begin : begin + FEATURES], minlength=FEATURES)
    return frequency


def _blocks(
    feature: NDArray[np.int32],
    ends: NDArray[np.int64],
    idf: Floats,
    seen: NDArray[np.int32],
    fold: NDArray[np.int64],
    value: NDArray[np.int32],
) -> Iterator[Block]:
    """Blocks of one fold each; `feature` becomes columns among those `seen`, in place."""
    column = np.zeros(FEATURES, np.int32)
    column[seen] = np.arange(len(seen))
    cuts = np.flatnonzero(np.diff(fold)) + 1
    starts = np.unique(np.concatenate([np.arange(0, len(fold), AT_ONCE), cuts]))
    edges = [*starts.astype(int), len(fold)]
    ones = np.ones(max((ends[last] - ends[first] for first, last in pairwise(edges)), default=0), F4)
    for first, last in pairwise(edges):
        own, own_ends = feature[ends[first] : ends[last]], ends[first : last + 1] - ends[first]
        scale = _to_unit_length(idf.astype(F4)[own], own_ends)
        own[:] = column[own]
        has = (ones[: len(own)], own, own_ends.astype(np.int32))
        shape = (last - first, len(seen))
        yield Block(int(fold[first]), sparse.csr_matrix(has, shape), scale, value[first:last])


def _to_unit_length(data: NDArray[np.float32], ends: NDArray[np.int64]) -> NDArray[np.float32]:
    """What brings each row to length 1, as scikit-learn's TfidfTransformer; an empty one gets 1."""
    squares = np.add.reduceat(np.append(data * data, F4(0)), ends[:-1])
    return (1 / np.sqrt(np.where(np.diff(ends) > 0, squares, 1))).astype(F4)


def _codes(column: pd.Categorical, values: list[str], first: int) -> NDArray[np.int32]:
    """The number of each row's value, the first of `values` having `first`; -1 for ""."""
    place: dict[Any, int] = {value: first + at for at, value in enumerate(values)}
    return np.array([place.get(value, -1) for value in column.categories], np.int32)[column.codes]


def probabilities(scorer: Scorer, corpus: Corpus) -> Floats:
    """P(urgent) of each ticket by the scorer that serves, shape (n,)."""
    texts = map(scorer.text_log_odds, corpus.words.in_order(corpus.place, BLOCK))
    log_odds = np.concatenate([np.empty(0), *texts]) + scorer.manifest.bias
    for name, column in corpus.categories.items():
        weights = scorer.manifest.weights[name]
        of_value = np.array([*(weights.get(value, 0.0) for value in column.categories), 0.0])
        log_odds += of_value[column.codes]
    return sigmoid(log_odds)
