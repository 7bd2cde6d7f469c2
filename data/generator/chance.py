"""Seeded random choices, the same sequence on every Python and every machine."""

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class Weights:
    """Options and how likely each is: its share of the sum."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self.options = tuple(shares)
        self.bounds = tuple(accumulate(shares.values()))
        self.total, self.last = self.bounds[-1], len(shares) - 1


class Chance:
    """All randomness of the generator, from `random.Random.random()` alone.

    It is the one method whose sequence the library keeps; `choice`, `gauss` and the others may
    change between versions.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        """True with the given probability."""
        return self.random() < probability

    def number(self, low: int, high: int) -> int:
        """Whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.random() * len(options))]

    def weighted(self, weights: Weights) -> str:
        """One of the options, by its weight."""
        place = bisect(weights.bounds, self.random() * weights.total, hi=weights.last)
        return weights.options[place]

    def sample(self, options: Sequence[str], count: int) -> list[str]:
        """Up to `count` different options, in random order."""
        rest = list(options)
        return [rest.pop(int(self.random() * len(rest))) for _ in range(min(count, len(rest)))]

    def normal(self) -> float:
        """Mean 0, deviation 1, roughly: a sum, as `log` and `cos` may differ by machine."""
        four = self.random() + self.random() + self.random() + self.random()
        return (four - 2.0) * 3**0.5
