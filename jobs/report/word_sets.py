"""The words of tickets as arrays of hashes: which stand in which ticket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.model.metrics import Flags
from jobs.tickets.stems import different
from jobs.tickets.texts import TicketWords
from urgency.batch import Words
from urgency.features import word_hash

MOST_WORDS = 4_000
"""Words of a ticket that are looked at when tickets are compared."""

_BLOCK = 4_096  # tickets
_COLUMNS = 2**31 - 1  # the most that scipy numbers with 32 bits


def tickets_with(terms: Sequence[str], words: TicketWords, urgent: Flags) -> NDArray[np.int64]:
    """How many tickets each term stands in, those that are not urgent and those that are.

    urgent: shape (tickets,). Returns shape (len(terms), 2).
    """
    if not terms:
        return np.zeros((0, 2), np.int64)
    hashes = np.array([word_hash(term) for term in terms], np.int32).view(np.uint32)
    order = np.argsort(hashes)
    counts = np.zeros(2 * len(terms), np.int64)
    begin = 0
    for block in words.blocks(_BLOCK):
        word, ticket = block.plain, _ticket_of(block)
        place = np.minimum(np.searchsorted(hashes[order], word), len(terms) - 1)
        hit = np.flatnonzero(hashes[order][place] == word)
        found = different(ticket[hit] * len(terms) + order[place[hit]])
        label = urgent[begin + found // len(terms)]
        counts += np.bincount(2 * (found % len(terms)) + label, minlength=len(counts))
        begin += len(block)
    return counts.reshape(-1, 2)


def word_sets(words: Words) -> sparse.csr_matrix:
    """A row a ticket, with a 1 for each different word; the columns are hashes, rising in a row.

    A ticket without words has one that no other ticket has but those without words.
    """
    ticket, count = _ticket_of(words), words.counts.sum(axis=1)
    kept = np.arange(len(ticket)) - np.repeat(count.cumsum() - count, count) < MOST_WORDS
    key = (ticket << 32 | words.plain % _COLUMNS)[kept]
    key = different(np.append(key, np.flatnonzero(count == 0) << 32))
    ends = np.searchsorted(key, np.arange(len(words) + 1) << 32)
    column = (key & 2**32 - 1).astype(np.int32)
    ones = np.ones(len(key), np.int32)
    return sparse.csr_matrix((ones, column, ends.astype(np.int32)), (len(words), _COLUMNS))


def _ticket_of(words: Words) -> NDArray[np.int64]:
    return np.arange(len(words)).repeat(words.counts.sum(axis=1))
