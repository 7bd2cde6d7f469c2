"""Reference: what the training tickets look like to a model that has not seen them, in the same
counts as the service keeps (`urgency.observed`). Drift is judged against it.

A word counts as known where tickets of other folds have it: of its own tickets a model knows every
word, and of new ones it does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.model.folds import Keys, folds_of
from jobs.model.metrics import Flags, Floats
from jobs.tickets.texts import TicketWords
from urgency.batch import BLOCK
from urgency.features import MASK, PAIR
from urgency.observed import BINS, CATEGORIES, Counts, Scored, counts_of, named_counts, no_counts
from urgency.reference import TOGETHER, Reference

FOLDS = 10
GROUPS = 250
"""How many groups of tickets are kept at most."""


class Block(NamedTuple):
    """Some tickets, one after the other: where they begin, their words, hashes and fold."""

    begin: int
    lengths: NDArray[np.int64]
    marked: NDArray[np.uint32]
    fold: NDArray[np.int64]


def reference_of(
    words: TicketWords,
    probability: Floats,
    key: Keys,
    learned: Flags,
    categories: dict[str, Counter[str]],
) -> Reference:
    """The reference of tickets whose honest `probability` this is, (n,).

    learned (n,): those that the model was fitted on.   key (n,): of tickets that say nearly the
    same, which share a fold.   categories: counted already.
    """
    fold = np.where(learned, folds_of(key, np.zeros(len(key), bool), FOLDS), FOLDS)
    elsewhere = _seen_elsewhere(words, fold)
    group = _groups(len(words))
    grouped = np.zeros((int(group.max(initial=-1)) + 1) * BINS["words"], np.int64)
    parts = [no_counts()]
    for block in _blocks(words, fold):
        end = block.begin + len(block.lengths)
        seen = elsewhere[block.fold.repeat(block.lengths), block.marked & MASK]
        scored = Scored(probability[block.begin : end], block.lengths, block.marked, seen)
        parts.append(counts_of(scored, {name: Counter() for name in CATEGORIES}))
        grouped += _by_group(block, group[block.begin : end], len(grouped))
    counts = reduce(add, parts)
    whole = Counts(counts.tickets, counts.histograms, categories)
    most = np.iinfo(np.uint16).max
    return Reference(whole, np.minimum(grouped, most).astype(np.uint16).reshape(-1, BINS["words"]))


def category_counts(
    values: Mapping[str, Counter[str]], named: Mapping[str, Collection[str]]
) -> dict[str, Counter[str]]:
    """How many tickets have each value that the model names, another one, and none."""
    return {name: named_counts(values[name].elements(), named.get(name, ())) for name in CATEGORIES}


def _blocks(words: TicketWords, fold: NDArray[np.int64]) -> Iterator[Block]:
    begin = 0
    for block in words.blocks(BLOCK):
        end = begin + len(block)
        yield Block(begin, block.counts.sum(axis=1), block.marked, fold[begin:end])
        begin = end


def _seen_elsewhere(words: TicketWords, fold: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of each fold and each word, whether learned tickets of another fold have it."""
    there = np.zeros((FOLDS + 1, PAIR), bool)
    for block in _blocks(words, fold):
        there[block.fold.repeat(block.lengths), block.marked & MASK] = True
    there[FOLDS] = False  # not learned
    return np.asarray(there.sum(axis=0, dtype=np.int8) > there)


def _groups(tickets: int) -> NDArray[np.int64]:
    """The group of each ticket, -1 for none: full groups only, by chance."""
    groups = min(GROUPS, tickets // TOGETHER)
    group = np.full(tickets, -1)
    chosen = np.random.default_rng(0).permutation(tickets)[: groups * TOGETHER]
    group[chosen] = np.arange(len(chosen)) // TOGETHER
    return group


def _by_group(block: Block, group: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """How often each bucket is met in each group, flat."""
    of_word = group.repeat(block.lengths)
    place = of_word * BINS["words"] + (block.marked & (BINS["words"] - 1))
    return np.bincount(place[of_word >= 0], minlength=size)
