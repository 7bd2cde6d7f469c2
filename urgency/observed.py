"""Observed: what a model meets, as counts. No ticket, no id and no word is in them, and no
combination of fields: each family is counted alone.

Families: `probability`, `known` (share of a ticket's words that training saw), `length` (words a
ticket), `words` (the low bits of each word's hash: thousands of words share a bucket), `source` and
`customer_tier` (those that the model names, else "other"; no value is "(none)").
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from urgency.batch import Words
from urgency.features import MASK
from urgency.ticket import Ticket

LENGTH_EDGES = (5, 10, 20, 40, 80, 160, 320)
"""Words from which a ticket is in the next bin."""

BINS = {"probability": 20, "known": 10, "length": len(LENGTH_EDGES) + 1, "words": 512}
CATEGORIES = ("source", "customer_tier")
NONE, OTHER = "(none)", "other"
EVENT = "observed"
"""Of the log line that holds counts, beside `version`."""

FAMILIES = (*BINS, *CATEGORIES)

TOGETHER = 128
"""Single tickets that wait to be counted at once, for which arrays are faster: hashes, no text."""

Ints = NDArray[np.int64]
Named = Mapping[str, Collection[str]]
"""Column -> the values that are counted by name."""


@dataclass(frozen=True)
class Counts:
    """`tickets` in all; by family of BINS an array, by column of CATEGORIES its values."""

    tickets: int
    histograms: dict[str, Ints]
    categories: dict[str, Counter[str]]

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = self.categories, other.categories
        return Counts(
            self.tickets + other.tickets,
            {name: self.histograms[name] + other.histograms[name] for name in BINS},
            {name: Counter({**mine[name]}) + theirs[name] for name in CATEGORIES},
        )

    def members(self) -> dict[str, Any]:
        """As JSON: what a line in the log and a bundle hold."""
        arrays = {name: counts.tolist() for name, counts in self.histograms.items()}
        categories = {name: dict(counts) for name, counts in self.categories.items()}
        return {"tickets": self.tickets, **arrays, **categories}

    @staticmethod
    def from_members(members: Mapping[str, Any]) -> Counts:
        """The counts that a JSON object tells. Raises ValueError unless they add up."""
        try:
            counts = Counts(
                _whole(members["tickets"]),
                {name: np.array([*map(_whole, members[name])], np.int64) for name in BINS},
                {
                    name: Counter({k: _whole(v) for k, v in members[name].items()})
                    for name in CATEGORIES
                },
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no counts: {error!r}") from None
        sizes = {name: len(counts.histograms[name]) for name in BINS}
        sums = {int(counts.histograms[name].sum()) for name in BINS if name != "words"}
        sums |= {one.total() for one in counts.categories.values()}
        if sizes != BINS or sums != {counts.tickets}:
            raise ValueError("counts that do not add up")
        return counts


def no_counts() -> Counts:
    """Of no ticket."""
    arrays = {name: np.zeros(bins, np.int64) for name, bins in BINS.items()}
    return Counts(0, arrays, {name: Counter() for name in CATEGORIES})


class Scored(NamedTuple):
    """Tickets as they are counted: `probability` (n,), `lengths` (n,) in words, and of each word
    its hash with the field's mark and whether training saw it, `marked` and `seen` (words,).
    """

    probability: Sequence[float] | NDArray[np.float64]
    lengths: NDArray[Any]
    marked: NDArray[Any]
    seen: NDArray[np.bool_]


def counts_of(scored: Scored, categories: dict[str, Counter[str]]) -> Counts:
    """The counts of these tickets; `categories` have been counted."""
    binned = binned_of(scored)
    histograms = {name: np.bincount(binned[name], minlength=bins) for name, bins in BINS.items()}
    return Counts(len(scored.lengths), histograms, categories)


def binned_of(scored: Scored) -> dict[str, NDArray[Any]]:
    """By family of BINS the bin of each ticket, (n,), and of each word, (words,)."""
    share = _sums(scored.seen, scored.lengths) / np.maximum(scored.lengths, 1)
    return {
        "probability": _bins(np.asarray(scored.probability), "probability"),
        "known": _bins(share, "known"),
        "length": np.searchsorted(LENGTH_EDGES, scored.lengths, side="right"),
        "words": scored.marked & (BINS["words"] - 1),
    }


def named_counts(values: Iterable[str], named: Collection[str]) -> Counter[str]:
    """How many there are of each of `named`, of others and of none."""
    counts: Counter[str] = Counter()
    for value, count in Counter(values).items():
        counts[NONE if not value else value if value in named else OTHER] += count
    return counts


class Tally:
    """Counts of what one model scored since they were last taken; any number of threads may share
    it.

    seen: for each marked hash's number whether training saw it.
    """

    def __init__(self, seen: NDArray[np.bool_], named: Named) -> None:
        self._seen, self._named = seen, named
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, NDArray[np.int32], str, str]] = []
        self._counts = no_counts()

    def add(self, probability: float, marked: NDArray[np.int32], ticket: Ticket) -> None:
        """One more ticket; `marked` (words,): the hash of each word with its field's mark."""
        waiting = (probability, marked, ticket.source, ticket.customer_tier)
        with self._lock:
            self._waiting.append(waiting)
            if len(self._waiting) >= TOGETHER:
                self._count_waiting()

    def add_many(self, probability: list[float], words: Words, tickets: Sequence[Ticket]) -> None:
        """These tickets more, in order."""
        values = {name: [getattr(one, name) for one in tickets] for name in CATEGORIES}
        counts = self._of(probability, words.counts.sum(axis=1), words.marked, values)
        with self._lock:
            self._counts += counts

    def take(self) -> Counts:
        """The counts so far; they begin again at nothing."""
        with self._lock:
            self._count_waiting()
            counts, self._counts = self._counts, no_counts()
        return counts

    def _count_waiting(self) -> None:
        if not self._waiting:
            return
        probability, marked, *values = zip(*self._waiting, strict=True)
        self._waiting = []
        lengths = np.array([*map(len, marked)], np.int64)
        columns = dict(zip(CATEGORIES, values, strict=True))
        self._counts += self._of(probability, lengths, np.concatenate(marked), columns)

    def _of(
        self,
        probability: Sequence[float],
        lengths: NDArray[Any],
        marked: NDArray[Any],
        values: Mapping[str, Sequence[str]],
    ) -> Counts:
        scored = Scored(probability, lengths, marked, self._seen.take(marked & MASK))
        named = self._named
        return counts_of(
            scored, {name: named_counts(values[name], named.get(name, ())) for name in CATEGORIES}
        )


def _sums(flags: NDArray[np.bool_], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """How many of each ticket's flags are set; `flags` stand one ticket after the other."""
    starts = lengths.cumsum() - lengths
    sums = np.add.reduceat(np.append(flags.view(np.uint8), 0), starts, dtype=np.int64)
    return np.asarray(np.where(lengths > 0, sums, 0))


def _bins(share: NDArray[np.float64], family: str) -> NDArray[np.int64]:
    """Equal bins of 0 to 1, the last one with 1 itself."""
    return np.minimum((share * BINS[family]).astype(np.int64), BINS[family] - 1)


def _whole(value: Any) -> int:
    """A count. Raises ValueError."""
    if type(value) is not int or value < 0:
        raise ValueError("a count that is no whole number of 0 or more")
    return value
