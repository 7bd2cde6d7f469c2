"""The reasons of many tickets: those of `urgency.reasons`, without a loop over words.

Every word of a batch has a place, its number from 0; a word is what is told once for all places
where it stands in a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from urgency.batch import BLOCK, Features
from urgency.features import (
    FEATURES,
    FIELD_MARKS,
    MASK,
    PAIR,
    STEM,
    STEM_LETTERS,
    Kinds,
    pair_number,
    term_of,
    word_hash,
    word_runs,
    words_as_written,
)
from urgency.reasons import COMMON_SQUARE
from urgency.ticket import Ticket
from urgency.weights import Floats, Weights

Numbers = NDArray[np.int64]

_FIELDS = [field for field, _ in FIELD_MARKS]
_MARKS = np.array([mark for _, mark in FIELD_MARKS], np.int32)
_NUMBER = FEATURES.bit_length()  # bits of a feature's number in a key; a ticket stands before it


class WordShare(NamedTuple):
    """A word's share of the log-odds, or a category's; see Reason."""

    field: str
    word: str
    weight: float


class _Placed(NamedTuple):
    """The words of tickets: of each place its `field`, counted through all tickets, and `run`, the
    number of its letters among the different `runs`; `begin`: the first place of each field.
    """

    field: Numbers
    run: Numbers
    runs: list[str]
    begin: Numbers


class _Told(NamedTuple):
    """Words that may be told: `ticket`, `weight`, and `place`, the first; (words,)."""

    ticket: Numbers
    weight: Floats
    place: Numbers


def top_reasons(
    tickets: Sequence[Ticket],
    categories: Sequence[Sequence[WordShare]],
    kinds: Kinds,
    weights: Weights,
    top: int,
) -> Iterator[tuple[WordShare, ...]]:
    """The `top` heaviest reasons of each ticket, those of its `categories` among them."""
    for begin in range(0, len(tickets), BLOCK):
        some, named = tickets[begin : begin + BLOCK], categories[begin : begin + BLOCK]
        words = _words_of(some)
        told = _with_categories(_told(words, len(some), kinds, weights), named)
        heaviest, many = _heaviest(told, len(some), top)
        found = _written(heaviest, words, some, list(chain.from_iterable(named)))
        for count in many:
            yield tuple(islice(found, count))


def _words_of(tickets: Sequence[Ticket]) -> _Placed:
    found = [word_runs(getattr(ticket, field)) for ticket in tickets for field in _FIELDS]
    runs = list(chain.from_iterable(found))
    number = {run: at for at, run in enumerate(dict.fromkeys(runs))}
    counts = np.fromiter(map(len, found), np.int64, len(found))
    return _Placed(
        field=np.arange(len(found)).repeat(counts),
        run=np.fromiter(map(number.__getitem__, runs), np.int64, len(runs)),
        runs=[*number],
        begin=counts.cumsum() - counts,
    )


def _told(words: _Placed, tickets: int, kinds: Kinds, weights: Weights) -> _Told:
    """All words but those of every fourth ticket, in no order."""
    terms = list(map(term_of, words.runs))
    plain = _hashes(terms)
    in_fields = [weights.squares(plain & MASK ^ mark & MASK) for mark in _MARKS]
    is_telling = np.min(in_fields, axis=0) >= COMMON_SQUARE if terms else np.empty(0, bool)
    owner, feature = _featured(words, plain, terms, kinds, weights)
    share = _shares(owner, words.field[owner] // len(_FIELDS), feature, tickets, weights)
    _, first, word = np.unique(
        words.field * len(terms) + words.run, return_index=True, return_inverse=True
    )
    weight = np.bincount(word[owner], share, len(first))
    telling = is_telling[words.run[first]]
    ticket = words.field[first] // len(_FIELDS)
    return _Told(ticket[telling], weight[telling], first[telling])


def _featured(
    words: _Placed, plain: NDArray[np.int32], terms: list[str], kinds: Kinds, weights: Weights
) -> tuple[Numbers, NDArray[np.int32]]:
    """Each feature at each place, and the place of the word whose it is."""
    marked = plain[words.run] ^ _MARKS[words.field % len(_FIELDS)]
    place, own = np.arange(len(marked)), marked & MASK
    owners, features = [place], [own]
    if kinds.pair:
        left = np.flatnonzero(words.field[1:] == words.field[:-1])
        square = weights.squares(own)
        owners.append(left + (square[left + 1] >= square[left]))
        features.append(PAIR | pair_number(marked[left], marked[left + 1]))
    if kinds.stem:
        stem = _hashes([term[:STEM_LETTERS] for term in terms])
        owners.append(place)
        features.append(STEM | stem[words.run] & MASK)
    return np.concatenate(owners), np.concatenate(features)


def _shares(
    owner: Numbers, ticket: Numbers, feature: NDArray[np.int32], tickets: int, weights: Weights
) -> Floats:
    """What each feature at each place adds; places of one feature share its weight evenly."""
    keys = ticket << _NUMBER | feature
    different, which, count = np.unique(keys, return_inverse=True, return_counts=True)
    found = Features(
        (different >> _NUMBER).astype(np.int32),
        (different & (1 << _NUMBER) - 1).astype(np.int32),
    )
    share = weights.pulls(found.feature) / weights.norms(found, tickets)[found.row] / count
    return np.asarray(share[which])


def _with_categories(told: _Told, categories: Sequence[Sequence[WordShare]]) -> _Told:
    """With the categories; their places are below 0 and rise."""
    counts = np.fromiter(map(len, categories), np.int64, len(categories))
    weights = [reason.weight for reason in chain.from_iterable(categories)]
    return _Told(
        np.append(np.arange(len(categories)).repeat(counts), told.ticket),
        np.append(np.array(weights, np.float64), told.weight),
        np.append(np.arange(-len(weights), 0), told.place),
    )


def _heaviest(told: _Told, tickets: int, top: int) -> tuple[_Told, list[int]]:
    """The heaviest of each ticket, and how many of each; of equal weights the first comes first."""
    order = np.lexsort((told.place, -np.abs(told.weight), told.ticket))
    ticket = told.ticket[order]
    begin = np.searchsorted(ticket, np.arange(tickets))
    chosen = order[np.arange(len(order)) - begin[ticket] < top]
    heaviest = _Told(told.ticket[chosen], told.weight[chosen], told.place[chosen])
    return heaviest, np.bincount(heaviest.ticket, minlength=tickets).tolist()


def _written(
    told: _Told, words: _Placed, tickets: Sequence[Ticket], named: Sequence[WordShare]
) -> Iterator[WordShare]:
    """Each as its ticket writes it; `named`: the categories."""
    is_word = told.place >= 0
    field = np.zeros(len(is_word), np.int64)
    field[is_word] = words.field[told.place[is_word]]
    number = told.place.copy()
    number[is_word] -= words.begin[field[is_word]]
    last, written = -1, [""]
    numbers = (is_word.tolist(), field.tolist(), number.tolist(), told.weight.tolist())
    for is_one, where, at, weight in zip(*numbers, strict=True):
        if not is_one:
            yield named[at]
            continue
        name = _FIELDS[where % len(_FIELDS)]
        if where != last:
            last, written = where, words_as_written(getattr(tickets[where // len(_FIELDS)], name))
        yield WordShare(name, written[at], weight)


def _hashes(terms: Sequence[str]) -> NDArray[np.int32]:
    return np.fromiter(map(word_hash, terms), np.int32, len(terms))
