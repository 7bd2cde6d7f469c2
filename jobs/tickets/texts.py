"""The texts of tickets while they are read: hashed words of many, the texts themselves of a sample.

So millions of tickets take little memory. Models are made of the words, reports look at the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

import numpy as np

from jobs.tickets.columns import Flags, Hashes, Numbers
from jobs.tickets.growing import Growing
from jobs.tickets.split import mixed
from jobs.tickets.stems import Stems
from urgency.batch import BLOCK, Words, words_of

SAMPLE = 20_000
"""Tickets whose texts are kept, where there are so many."""

SLACK = 1.25
"""How many times the tickets whose words or texts are wanted are kept for a while."""

WAITING_CHARACTERS = 2_000_000
"""Characters that wait to be hashed; more than many helpdesks write in three months."""

EVERY = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class TicketWords:
    """The words of some tickets, in an order of their own: those at `place` in `words`, which are
    without stems; these are looked up where somebody asks for them.
    """

    words: Words
    stems: Stems
    place: Numbers

    @staticmethod
    def all_of(words: Words) -> TicketWords:
        """All tickets, in their order."""
        stems = Stems()
        if words.stem is not None:
            stems.add(words)
        return TicketWords(replace(words, stem=None), stems, np.arange(len(words)))

    def __len__(self) -> int:
        return len(self.place)

    def take(self, chosen: Flags | Numbers) -> TicketWords:
        """Some of the tickets; words are not copied."""
        return replace(self, place=self.place[chosen])

    def blocks(self, tickets: int, *, stems: bool = False) -> Iterator[Words]:
        """Their words, of at most so many `tickets` at a time."""
        for words in self.words.in_order(self.place, tickets):
            yield replace(words, stem=self.stems.of(words)) if stems else words

    def together(self, *, stems: bool = False) -> Words:
        """Their words in one piece, a copy."""
        found = self.blocks(max(1, len(self)), stems=stems)
        return next(found, None) or words_of([], stems=stems)


class Text(NamedTuple):
    """A ticket's text as it is written."""

    title: str
    description: str

    @property
    def whole(self) -> str:
        """All of it."""
        return f"{self.title}\n{self.description}"


class Sampled(NamedTuple):
    """A text of the sample, the hash that chose it, and the number of its row."""

    hash: int
    row: int
    text: Text


class Texts:
    """Texts by the number of their row: `words` of the `most` tickets of the smallest hashes, and
    of a few more, and the texts themselves of the SAMPLE smallest.

    The smallest hashes are the same ones in any order of files. Texts wait to be hashed until
    somebody asks for words, or until many wait: who only reads little does not pay for it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sample: list[Sampled] = []
        self._sample_bound = self._bound = EVERY
        self._hash, self._row = Growing("Q"), Growing("q")
        self._marked, self._counts, self._stems = Growing("I"), Growing("i"), Stems()
        self._waiting: list[tuple[str, str]] = []
        self._characters = 0

    def add(
        self, row: Numbers, title: Sequence[str], description: Sequence[str], split_key: Hashes
    ) -> None:
        """Take some tickets' texts, in normal form; `row`: their numbers, rising."""
        kept = self._added(row, title, description, split_key)
        texts = zip(title, description, strict=True)
        added = [*(texts if kept.all() else compress(texts, kept.tolist()))]
        self._waiting += added
        self._characters += sum(len(one) + len(other) for one, other in added)
        if self._characters > WAITING_CHARACTERS:
            self._hash_waiting()
        self._shrink()

    def add_hashed(
        self,
        row: Numbers,
        title: Sequence[str],
        description: Sequence[str],
        split_key: Hashes,
        words: Words,
    ) -> None:
        """As `add`, of texts whose words, with stems, are known; a text that cannot be of the
        sample may be "".
        """
        kept = self._added(row, title, description, split_key)
        self._hash_waiting()
        self._take(words.take(kept))
        self._shrink()

    def keep(self, begin: int, kept: Flags) -> None:
        """Of the rows from `begin` on, forget those that are not `kept`; the others move up."""
        number = np.where(kept, kept.cumsum() + (begin - 1), -1)
        early = [one for one in self._sample if one.row < begin]
        late = self._sample[len(early) :]
        late = [one._replace(row=int(number[one.row - begin])) for one in late]
        self._sample = early + [one for one in late if one.row >= 0]
        rows = self._row.values
        first = int(np.searchsorted(rows, begin))
        rows[first:] = number[rows[first:] - begin]
        chosen = rows >= 0
        del rows
        self._choose(chosen)

    def words(self, row: Numbers) -> TicketWords:
        """The words of these rows, all of them such that `has_words`; nothing is added any more."""
        self._hash_waiting()
        counts = self._counts.values.reshape(-1, 2)
        words = Words(self._marked.values, counts, None)
        return TicketWords(words, self._stems, np.searchsorted(self._row.values, row))

    def handed_sample(self) -> dict[int, Text]:
        """The sample by row, rising; it is forgotten here, and nothing is added any more."""
        self._shrink_sample()
        sample, self._sample = self._sample, []
        return {one.row: one.text for one in sample}

    def has_words(self, split_key: Hashes) -> Flags:
        """Whether the words of tickets with these keys are kept."""
        return np.asarray(mixed(split_key) <= self._bound)

    def _added(
        self, row: Numbers, title: Sequence[str], description: Sequence[str], split_key: Hashes
    ) -> Flags:
        """Take all but the words; of which tickets those are wanted."""
        hashes = mixed(split_key)
        self._add_to_sample(row, title, description, hashes)
        kept = np.asarray(hashes <= self._bound)
        self._hash.add(hashes[kept])
        self._row.add(row[kept])
        return kept

    def _shrink(self) -> None:
        if len(self._row) > SLACK * self._most:
            hashes = self._hash.values
            self._bound = np.partition(hashes, self._most)[self._most]
            chosen = hashes <= self._bound
            del hashes
            self._choose(chosen)

    def _add_to_sample(
        self, row: Numbers, title: Sequence[str], description: Sequence[str], hashes: Hashes
    ) -> None:
        kept = np.flatnonzero(hashes <= self._sample_bound)
        both = zip(hashes[kept].tolist(), row[kept].tolist(), kept.tolist(), strict=True)
        self._sample += [Sampled(key, n, Text(title[at], description[at])) for key, n, at in both]
        if len(self._sample) > SLACK * SAMPLE:
            self._shrink_sample()

    def _shrink_sample(self) -> None:
        if len(self._sample) > SAMPLE:
            self._sample_bound = np.uint64(sorted(one.hash for one in self._sample)[SAMPLE])
            self._sample = [one for one in self._sample if one.hash <= self._sample_bound]

    def _hash_waiting(self) -> None:
        for begin in range(0, len(self._waiting), BLOCK):
            self._take(words_of(self._waiting[begin : begin + BLOCK], stems=True))
        self._waiting, self._characters = [], 0

    def _take(self, words: Words) -> None:
        self._marked.add(words.marked)
        self._counts.add(words.counts.ravel())
        self._stems.add(words)

    def _choose(self, chosen: Flags) -> None:
        """Forget those that are not `chosen`, but not their stems."""
        if chosen.all():
            return
        self._hash_waiting()
        self._row.keep(chosen)
        self._hash.keep(chosen)
        counts = self._counts.values.reshape(-1, 2).sum(axis=1)
        self._marked.keep(np.repeat(chosen, counts))
        self._counts.keep(np.repeat(chosen, 2))
