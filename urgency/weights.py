"""What each feature weighs, in memory that follows what training saw, not what could exist."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from urgency.batch import Features
from urgency.bundle import Arrays
from urgency.features import BITS, PAIR, Kinds, features_with
from urgency.ticket_words import Hashed, TicketWords

Floats = NDArray[np.float64]


class Weighed(NamedTuple):
    """A ticket's words, the `features` at their places, and what the different ones weigh.

    Of each of the n different ones `pull` (n,) and `square` (n,), see Weights, as they rise.
    `norm`: the length of the vector, which `text` scales to 1; 1 of none.   is_seen: whether
    training saw one of them.   order: of `features`, as they rise; is_new: in that order, whether
    one differs from the one before.
    """

    words: TicketWords
    features: Hashed
    order: NDArray[np.intp]
    is_new: NDArray[np.bool_]
    pull: Floats
    square: Floats
    norm: float
    is_seen: bool

    @property
    def text(self) -> float:
        """What title and description add to the log-odds."""
        return float(self.pull.sum()) / self.norm

    def numbers(self) -> NDArray[np.intp]:
        """Of each of `features` its number among the different ones."""
        rising = self.is_new.cumsum()
        rising -= 1
        numbers = np.empty_like(self.order)
        numbers[self.order] = rising
        return numbers


class Weights:
    """The numbers of a feature stand at its place: that of its own, or the one that all features of
    its kind share which training never saw.

    place: of each feature.   pull: coef * idf at each place.   square: idf ** 2 at each place.
    """

    def __init__(self, arrays: Arrays, unseen_idf: float, kinds: Kinds) -> None:
        unseen = unseen_idf * np.array([1.0, *kinds])[: features_with(kinds) >> BITS]
        places = len(unseen) + len(arrays.feature)
        self.kinds, self._first_seen = kinds, len(unseen)
        code = "H" if places <= 1 << 16 else "I"
        self._place: NDArray[Any] = np.arange(len(unseen), dtype=code).repeat(1 << BITS)
        self._place[arrays.feature] = np.arange(len(unseen), places, dtype=code)
        self._pull = np.append(np.zeros(len(unseen)), arrays.coef * arrays.idf)
        self._square = np.append(unseen**2, arrays.idf**2)

    def weighed(self, words: TicketWords) -> Weighed:
        """What the words of one ticket weigh."""
        features = words.features(self.kinds)
        order = features.argsort()
        rising = features.take(order)
        is_new = np.empty(len(rising), bool)
        is_new[:1] = True
        np.not_equal(rising[1:], rising[:-1], out=is_new[1:])
        place = self._place.take(rising[is_new])
        pull, square = self._pull.take(place), self._square.take(place)
        norm = math.sqrt(square.sum()) or 1.0
        is_seen = bool(place.max(initial=0) >= self._first_seen)
        return Weighed(words, features, order, is_new, pull, square, norm, is_seen)

    def square_of(self, feature: int) -> float:
        """idf ** 2 of one feature."""
        return self._square.item(self._place.item(feature))

    def texts(self, found: Features, tickets: int) -> tuple[Floats, NDArray[np.bool_]]:
        """`Weighed.text` and `is_seen` of each ticket."""
        row, place = found.row.astype(np.intp), self._places(found.feature)
        pull = np.bincount(row, self._pull[place], tickets)
        seen = np.bincount(row[place >= self._first_seen], minlength=tickets)
        return pull / self._norms(row, place, tickets), seen > 0

    def norms(self, found: Features, tickets: int) -> Floats:
        """`norm` of each ticket; 1 of one without features."""
        return self._norms(found.row.astype(np.intp), self._places(found.feature), tickets)

    def pulls(self, features: NDArray[Any]) -> Floats:
        """coef * idf of each feature."""
        return self._pull[self._places(features)]

    def squares(self, features: NDArray[Any]) -> Floats:
        """idf ** 2 of each feature."""
        return self._square[self._places(features)]

    def seen_words(self) -> NDArray[np.bool_]:
        """Whether training saw each feature that is a word, by its number."""
        return self._place[:PAIR] >= self._first_seen

    def _norms(self, row: NDArray[np.intp], place: NDArray[np.intp], tickets: int) -> Floats:
        square = np.bincount(row, self._square[place], tickets)
        return np.sqrt(np.where(square > 0, square, 1.0))

    def _places(self, features: NDArray[Any]) -> NDArray[np.intp]:
        places: NDArray[np.intp] = self._place[features].astype(np.intp)
        return places
