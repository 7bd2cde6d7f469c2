"""Seeded random choices, the same sequence on every Python and every machine."""

import random
from collections.abc import Mapping, Sequence
from math import fsum
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """All randomness of the generator, from `random.Random.random()` alone.

    It is the one method whose sequence the library keeps; `choice`, `gauss` and the others may
    change between versions. Sums are `fsum`, because `sum` of floats changed in 3.12.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random() < probability

    def number(self, low: int, high: int) -> int:
        """Whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self._random() * len(options))]

    def weighted(self, weights: Mapping[str, float]) -> str:
        """One key, as likely as its share of the sum of weights."""
        left = self._random() * fsum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return key

    def sample(self, options: Sequence[str], count: int) -> list[str]:
        """Up to `count` different options, in random order."""
        rest = list(options)
        return [rest.pop(int(self._random() * len(rest))) for _ in range(min(count, len(rest)))]

    def normal(self) -> float:
        """Mean 0, deviation 1: a sum of twelve, because `log` and `cos` may differ by machine."""
        return fsum(self._random() for _ in range(12)) - 6.0
