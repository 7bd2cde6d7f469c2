"""When the release pointer has to be asked again, and since when nobody answered. Pure: times come
in.
"""

from __future__ import annotations

import random
from collections.abc import Callable

MISSED_UNTIL_STALE = 3

FROZEN_S = 5.0
"""A check bounded to about a second that took longer was frozen: its instance had no CPU between
two requests.
"""

_JITTER = 0.2


class Freshness:
    """Bookkeeping of pointer checks; every time is in seconds of one monotonic clock.

    A check is due `soft_s` after the last one, up to a fifth earlier so that instances do not ask
    in step, and overdue `hard_s` after it; both at once at the start.
    """

    def __init__(
        self, soft_s: float, hard_s: float, now: float, dice: Callable[[], float] = random.random
    ) -> None:
        self._soft_s, self._hard_s, self._dice = soft_s, hard_s, dice
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
        """The check that began at `asked` got none. A frozen check says nothing about storage."""
        if now - asked < FROZEN_S:
            self._missed += 1
            self._plan(now)

    def stale_s(self, now: float) -> float | None:
        """Seconds since the last answer, once three checks in a row were missed; else None."""
        return now - self._answered if self._missed >= MISSED_UNTIL_STALE else None

    def _plan(self, now: float) -> None:
        self._due = now + self._soft_s * (1 - _JITTER * self._dice())
        self._overdue = now + self._hard_s
