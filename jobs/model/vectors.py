"""Hashed words and categories -> the rows that a linear model is fitted on, one sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from jobs.tickets.texts import TicketWords
from urgency.batch import BLOCK, features_of, weight_of_kind
from urgency.features import FEATURES, Kinds
from urgency.scorer import Scorer

F4 = np.float32
AT_ONCE = 16_384
"""Tickets of a block of what is fitted."""


@dataclass(frozen=True)
class Corpus:
    """Labelled tickets, `n` of them: `words`; `categories`, the values of each column, "" for none;
    `urgent` (n,); `key` (n,): rows of one key say nearly the same.
    """

    words: TicketWords
    categories: dict[str, pd.Categorical]
    urgent: Flags
    key: NDArray[np.uint64]

    def take(self, kept: Flags) -> Corpus:
        """Those that are `kept`, shape (n,); their words are not copied."""
        categories = {name: values[kept] for name, values in self.categories.items()}
        return Corpus(self.words.take(kept), categories, self.urgent[kept], self.key[kept])

    def __len__(self) -> int:
        return len(self.urgent)


def corpus_of(frame: pd.DataFrame, words: TicketWords) -> Corpus:
    """The tickets of Dataset.frame."""
    return Corpus(
        words=words,
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
    seen = np.flatnonzero(frequency).astype(np.int32)
    idf = np.log((1 + len(corpus)) / (1 + frequency[seen])) + 1
    idf *= weight_of_kind(kinds)[seen]
    values = {name: sorted(set(column) - {""}) for name, column in corpus.categories.items()}
    value = np.stack([*_codes(corpus.categories, values)])[:, order]
    edges = np.cumsum([0, *map(len, values.values())]).tolist()
    groups = tuple(slice(*edge) for edge in pairwise(edges))
    counts = np.bincount((value + 1).ravel(), minlength=edges[-1] + 1)[1:]
    share = np.concatenate([counts[group] / max(1, counts[group].sum()) for group in groups])
    _to_columns(feature, seen)
    rows = Rows((), idf.astype(F4), share.astype(F4), groups)
    blocks = _blocks(rows.idf, feature, ends, fold[order], value)
    return Design(replace(rows, blocks=tuple(blocks)), order, seen, idf, values)


def _presence(
    corpus: Corpus, order: NDArray[np.int64], kinds: Kinds
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The features of the tickets in this order, and where each ticket's begin and end."""
    words = corpus.words.take(order)
    most = words.count * sum(kind > 0 for kind in (1, *kinds))
    feature = np.empty(most, np.int32)  # what is not written to takes no memory
    counts, end = [np.zeros(1, np.int64)], 0
    for block in words.blocks(BLOCK):
        found = features_of(block, kinds)
        feature[end : end + len(found.feature)] = found.feature
        end += len(found.feature)
        counts.append(np.bincount(found.row, minlength=len(block)))
    return feature[:end], np.concatenate(counts).cumsum()


def _frequency(feature: NDArray[np.int32]) -> NDArray[np.int32]:
    """How many tickets have each feature, (FEATURES,)."""
    frequency = np.zeros(FEATURES, np.int32)
    for begin in range(0, len(feature), FEATURES):  # bincount copies what it counts
        frequency += np.bincount(feature[begin : begin + FEATURES], minlength=FEATURES)
    return frequency


def _to_columns(feature: NDArray[np.int32], seen: NDArray[np.int32]) -> None:
    """Each feature becomes its place among those `seen`."""
    column = np.zeros(FEATURES, np.int32)
    column[seen] = np.arange(len(seen))
    for begin in range(0, len(feature), FEATURES):
        part = feature[begin : begin + FEATURES]
        part[:] = column[part]


def _blocks(
    idf: NDArray[np.float32],
    column: NDArray[np.int32],
    ends: NDArray[np.int64],
    fold: NDArray[np.int64],
    value: NDArray[np.int32],
) -> Iterator[Block]:
    """Blocks of one fold each, which share `column` and their ones."""
    cuts = np.flatnonzero(np.diff(fold)) + 1
    edges = [*np.unique([*range(0, len(fold), AT_ONCE), *cuts]).tolist(), len(fold)]
    scale = _scale(idf, column, ends)
    ones = np.ones(max((int(ends[b] - ends[a]) for a, b in pairwise(edges)), default=0), F4)
    for first, last in pairwise(edges):
        own = column[ends[first] : ends[last]]
        has = (ones[: len(own)], own, (ends[first : last + 1] - ends[first]).astype(np.int32))
        matrix = sparse.csr_matrix(has, (last - first, len(idf)))
        yield Block(int(fold[first]), matrix, scale[first:last], value[:, first:last])


def _scale(
    idf: NDArray[np.float32], column: NDArray[np.int32], ends: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What brings each row to length 1, as scikit-learn's TfidfTransformer; an empty one gets 1."""
    scale = np.ones(len(ends) - 1, F4)
    for first in range(0, len(scale), BLOCK):
        edges = ends[first : first + BLOCK + 1]
        data = idf[column[edges[0] : edges[-1]]]
        squares = np.add.reduceat(np.append(data * data, F4(0)), edges[:-1] - edges[0])
        has_words = np.diff(edges) > 0
        scale[first : first + BLOCK][has_words] = 1 / np.sqrt(squares[has_words])
    return scale


def _codes(
    categories: dict[str, pd.Categorical], values: dict[str, list[str]]
) -> Iterator[NDArray[np.int32]]:
    """Of each category the number of each row's value among all values, -1 for ""."""
    first = 0
    for name, column in categories.items():
        place: dict[Any, int] = {value: first + at for at, value in enumerate(values[name])}
        first += len(place)
        number = [place.get(value, -1) for value in column.categories]
        yield np.array(number, np.int32)[column.codes]


def probabilities(scorer: Scorer, corpus: Corpus) -> Floats:
    """P(urgent) of each ticket by the scorer that serves, shape (n,)."""
    texts = map(scorer.text_log_odds, corpus.words.blocks(BLOCK))
    log_odds = np.concatenate([np.empty(0), *texts]) + scorer.manifest.bias
    for name, column in corpus.categories.items():
        weights = scorer.manifest.weights[name]
        of_value = np.array([*(weights.get(value, 0.0) for value in column.categories), 0.0])
        log_odds += of_value[column.codes]
    return sigmoid(log_odds)
