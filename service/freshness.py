"""When to read the release pointer again, and how long it has not answered. Pure: times come in."""

import random
from collections.abc import Callable

MISSED_UNTIL_STALE = 3

FROZEN_S = 5.0
"""A check is bounded to about a second: one that took longer was frozen, without CPU."""

_JITTER_SHARE = 0.2


class Freshness:
    """Bookkeeping of pointer checks; every time is in seconds of one monotonic clock.

    A check is due `soft_s` after the last one, up to a fifth earlier so that instances do not check
    together, and overdue `hard_s` after it; at the start it is both.   jitter: 0 to 1 at each call.
    """

    def __init__(
        self, soft_s: float, hard_s: float, now: float, jitter: Callable[[], float] = random.random
    ) -> None:
        self._soft_s, self._hard_s, self._jitter = soft_s, hard_s, jitter
        self._due = self._overdue = self._answered = now
        self._missed = 0

    def is_due(self, now: float) -> bool:
        """Whether one request should check the pointer."""
        return now >= self._due

    def is_overdue(self, now: float) -> bool:
        """Whether every request should wait for the running check."""
        return now >= self._overdue

    def answered(self, asked: float, now: float) -> None:
        """The check that began at `asked` got an answer."""
        if now - asked < FROZEN_S:
            self._missed, self._answered = 0, now
            self._plan(now)

    def missed(self, asked: float, now: float) -> None:
        """The check that began at `asked` got no answer; a frozen one says nothing of storage."""
        if now - asked < FROZEN_S:
            self._missed += 1
            self._plan(now)

    def stale_s(self, now: float) -> float | None:
        """Seconds since the last answer, once three checks in a row were missed; else None."""
        return now - self._answered if self._missed >= MISSED_UNTIL_STALE else None

    def _plan(self, now: float) -> None:
        self._due = now + self._soft_s * (1 - _JITTER_SHARE * self._jitter())
        self._overdue = now + self._hard_s
