"""What each feature weighs, in memory that follows what training saw, not what could exist."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from urgency.batch import Features
from urgency.bundle import Arrays
from urgency.features import BITS, PAIR, Kinds, features_with

Floats = NDArray[np.float64]


class Weights:
    """The numbers of a feature stand at its place: that of its own, or the one that all features of
    its kind share which training never saw.

    place: of each feature.   pull: coef * idf at each place.   square: idf ** 2 at each place.
    Read one by one, for which numpy's arrays are slow; batches look at the same memory.
    """

    def __init__(self, arrays: Arrays, unseen_idf: float, kinds: Kinds) -> None:
        unseen = unseen_idf * np.array([1.0, *kinds])[: features_with(kinds) >> BITS]
        places = len(unseen) + len(arrays.feature)
        code = "H" if places <= 1 << 16 else "I"
        place = np.arange(len(unseen), dtype=code).repeat(1 << BITS)
        place[arrays.feature] = np.arange(len(unseen), places, dtype=code)
        self._first_seen = len(unseen)
        self.place = array(code, place.tobytes())
        self.pull = array("d", np.append(np.zeros(len(unseen)), arrays.coef * arrays.idf).tobytes())
        self.square = array("d", np.append(unseen**2, arrays.idf**2).tobytes())

    def places(self, features: Iterable[int]) -> list[int]:
        """The place of each feature."""
        return list(map(self.place.__getitem__, features))

    def square_of(self, feature: int) -> float:
        """idf ** 2 of one feature."""
        return self.square[self.place[feature]]

    def text(self, places: Sequence[int]) -> float:
        """What a ticket's different features, at these places, add to its log-odds."""
        return sum(map(self.pull.__getitem__, places)) / self.norm(places)

    def norm(self, places: Iterable[int]) -> float:
        """The length of the vector that `text` scales to 1; 1 of none."""
        return math.sqrt(sum(map(self.square.__getitem__, places))) or 1.0

    def any_seen(self, places: Sequence[int]) -> bool:
        """Whether training saw one of the features at these places."""
        return max(places, default=0) >= self._first_seen

    def texts(self, found: Features, tickets: int) -> tuple[Floats, NDArray[np.bool_]]:
        """`text` and `any_seen` of each ticket."""
        row, place = found.row.astype(np.intp), self._places(found.feature)
        pull = np.bincount(row, np.frombuffer(self.pull)[place], tickets)
        seen = np.bincount(row[place >= self._first_seen], minlength=tickets)
        return pull / self._norms(row, place, tickets), seen > 0

    def norms(self, found: Features, tickets: int) -> Floats:
        """`norm` of each ticket; 1 of one without features."""
        return self._norms(found.row.astype(np.intp), self._places(found.feature), tickets)

    def pulls(self, features: NDArray[Any]) -> Floats:
        """coef * idf of each feature."""
        return np.frombuffer(self.pull)[self._places(features)]

    def squares(self, features: NDArray[Any]) -> Floats:
        """idf ** 2 of each feature."""
        return np.frombuffer(self.square)[self._places(features)]

    def seen_words(self) -> NDArray[np.bool_]:
        """Whether training saw each feature that is a word, by its number."""
        return self._all_places()[:PAIR] >= self._first_seen

    def _norms(self, row: NDArray[np.intp], place: NDArray[np.intp], tickets: int) -> Floats:
        square = np.bincount(row, np.frombuffer(self.square)[place], tickets)
        return np.sqrt(np.where(square > 0, square, 1.0))

    def _places(self, features: NDArray[Any]) -> NDArray[np.intp]:
        places: NDArray[np.intp] = self._all_places()[features].astype(np.intp)
        return places

    def _all_places(self) -> NDArray[Any]:
        return np.frombuffer(self.place, self.place.typecode)
