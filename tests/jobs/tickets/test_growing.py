"""Numbers are added and taken away in place."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.tickets import growing
from jobs.tickets.growing import Growing


def test_what_is_kept_stays_in_its_order_whatever_moves_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growing, "_PART", 7)
    rng, numbers, expected = np.random.default_rng(0), Growing("q"), np.empty(0, np.int64)
    for size in (0, 3, 50, 20):
        more = rng.integers(100, size=size)
        numbers.add(more)
        expected = np.append(expected, more)
        kept = rng.random(len(expected)) < 0.7
        numbers.keep(kept)
        expected = expected[kept]
        np.testing.assert_array_equal(numbers.values, expected)
    assert len(numbers) == len(expected) > 0


def test_nothing_changes_while_somebody_looks() -> None:
    numbers = Growing("i")
    numbers.add(np.arange(3))
    values = numbers.values
    with pytest.raises(BufferError):
        numbers.add(np.arange(3))
    with pytest.raises(BufferError):
        numbers.keep(np.zeros(3, bool))
    assert values.dtype == np.int32
