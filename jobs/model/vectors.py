"""Hashed words and categories -> the rows that a linear model is fitted on, one sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.model.calibrate import sigmoid
from jobs.model.metrics import Flags, Floats
from jobs.model.newton import Block, Rows
from jobs.tickets.columns import Category, TicketColumns
from jobs.tickets.texts import TicketWords
from urgency.batch import BLOCK, features_of
from urgency.features import BITS, FEATURES, Kinds, features_with
from urgency.scorer import Scorer

F4 = np.float32
AT_ONCE = 8_192
"""Tickets of a block of what is fitted."""


@dataclass(frozen=True)
class Corpus:
    """Labelled tickets, `n` of them: `words`; `categories`, source and tier, "" for none; `urgent`
    (n,); `key` (n,): rows of one key say nearly the same.
    """

    words: TicketWords
    categories: dict[str, Category]
    urgent: Flags
    key: NDArray[np.uint64]

    def take(self, kept: Flags) -> Corpus:
        """Those that are `kept`, shape (n,); their words are not copied."""
        categories = {name: values[kept] for name, values in self.categories.items()}
        return Corpus(self.words.take(kept), categories, self.urgent[kept], self.key[kept])

    def __len__(self) -> int:
        return len(self.urgent)


def corpus_of(columns: TicketColumns, words: TicketWords) -> Corpus:
    """The tickets of a dataset."""
    return Corpus(words, columns.categories, columns.urgent, columns.split_key)


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
    edges = _edges(fold[order])
    found = [_presence(corpus.words.take(order[a:b]), kinds) for a, b in pairwise(edges)]
    frequency = np.zeros(features_with(kinds), np.int32)
    for feature, _ in found:
        np.add.at(frequency, feature, np.int32(1))
    seen = np.flatnonzero(frequency).astype(np.int32)
    idf = np.log((1 + len(corpus)) / (1 + frequency[seen])) + 1
    idf *= np.array([1.0, *kinds])[seen >> BITS]
    values = {name: sorted(each.counts().keys() - {""}) for name, each in corpus.categories.items()}
    value = np.stack([*_codes(corpus.categories, values)])[:, order]
    begins = np.cumsum([0, *map(len, values.values())]).tolist()
    groups = tuple(slice(*edge) for edge in pairwise(begins))
    counts = np.bincount((value + 1).ravel(), minlength=begins[-1] + 1)[1:]
    share = np.concatenate([counts[group] / max(1, counts[group].sum()) for group in groups])
    matrices = _matrices(found, seen)
    parts = zip(edges, matrices, np.split(value, edges[1:-1], axis=1), strict=False)
    blocks = [
        Block(int(fold[order[first]]), has, _scale(idf.astype(F4), has), own)
        for first, has, own in parts
    ]
    rows = Rows(tuple(blocks), idf.astype(F4), share.astype(F4), groups)
    return Design(rows, order, seen, idf, values)


def _matrices(
    found: list[tuple[NDArray[np.int32], NDArray[np.int32]]], seen: NDArray[np.int32]
) -> Iterator[sparse.csr_matrix]:
    """Of each part a matrix with a column for each feature that was `seen`; all share their ones.

    scipy copies a small part of a large array at each transposition, so parts have their own.
    """
    column = np.zeros(FEATURES, np.int32)
    column[seen] = np.arange(len(seen))
    ones = np.ones(max((len(feature) for feature, _ in found), default=0), F4)
    for feature, ends in found:
        feature[:] = column[feature]
        has = (ones[: len(feature)], feature, ends)
        yield sparse.csr_matrix(has, (len(ends) - 1, len(seen)))


def _edges(fold: NDArray[np.int64]) -> list[int]:
    """Where blocks of one fold each begin, and where the last one ends."""
    cuts = np.flatnonzero(np.diff(fold)) + 1
    return [*np.unique([*range(0, len(fold), AT_ONCE), *cuts]).astype(int).tolist(), len(fold)]


def _presence(words: TicketWords, kinds: Kinds) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The features of some tickets, and where each ticket's begin and end."""
    parts, counts = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
    for block in words.blocks(BLOCK, stems=kinds.stem > 0):
        found = features_of(block, kinds)
        parts.append(found.feature)
        counts.append(np.bincount(found.row, minlength=len(block)))
    return np.concatenate(parts), np.concatenate(counts).cumsum().astype(np.int32)


def _scale(idf: NDArray[np.float32], has: sparse.csr_matrix) -> NDArray[np.float32]:
    """What brings each row to length 1, as scikit-learn's TfidfTransformer; an empty one gets 1."""
    squares = has @ (idf * idf)
    return np.asarray(1 / np.sqrt(np.where(squares > 0, squares, 1)), F4)


def _codes(
    categories: dict[str, Category], values: dict[str, list[str]]
) -> Iterator[NDArray[np.int32]]:
    """Of each category the number of each row's value among all values, -1 for ""."""
    first = 0
    for name, column in categories.items():
        place: dict[Any, int] = {value: first + at for at, value in enumerate(values[name])}
        first += len(place)
        number = [place.get(value, -1) for value in column.values]
        yield np.array(number, np.int32)[column.codes]


def probabilities(scorer: Scorer, corpus: Corpus) -> Floats:
    """P(urgent) of each ticket by the scorer that serves, shape (n,)."""
    has_stems = scorer.manifest.kinds.stem > 0
    texts = map(scorer.text_log_odds, corpus.words.blocks(BLOCK, stems=has_stems))
    log_odds = np.concatenate([np.empty(0), *texts]) + scorer.manifest.bias
    for name, column in corpus.categories.items():
        weights = scorer.manifest.weights[name]
        of_value = np.array([weights.get(value, 0.0) for value in column.values])
        log_odds += of_value[column.codes]
    return sigmoid(log_odds)
