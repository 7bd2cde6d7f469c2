"""An array that grows and shrinks in place: concatenating parts would hold every number twice."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PART = 2**18  # numbers that are moved at once


class Growing:
    """Numbers of one type, by its letter in the module `array`; one axis."""

    def __init__(self, kind: str) -> None:
        self._numbers: array[Any] = array(kind)

    @property
    def values(self) -> NDArray[Any]:
        """All of them, not a copy: while it is held, nothing can be added or taken away."""
        return np.frombuffer(self._numbers, self._numbers.typecode)

    def add(self, numbers: NDArray[Any]) -> None:
        """At the end. Raises BufferError while `values` is held."""
        given = np.ascontiguousarray(numbers, self._numbers.typecode)
        self._numbers.frombytes(given.data.cast("B") if len(given) else b"")

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Only those that are `kept`. Raises BufferError while `values` is held."""
        values, end = self.values, 0
        for begin in range(0, len(values), _PART):
            part = values[begin : begin + _PART][kept[begin : begin + _PART]]
            values[end : end + len(part)] = part
            end += len(part)
        del values
        del self._numbers[end:]

    def __len__(self) -> int:
        return len(self._numbers)
