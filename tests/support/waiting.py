"""Waiting for a condition, with a bound that only says what hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


HANGS_S = 60.0
"""Generous, for any machine: what takes longer does not come."""


def eventually(condition: Callable[[], T], timeout_s: float = HANGS_S) -> T:
    """The first true value of `condition()`; AssertionError after `timeout_s`."""
    until = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {timeout_s} s; the last value was {value!r}"
        time.sleep(0.01)
    return value
