"""When to read the release pointer again, and how long it has not answered. Pure: times come in."""

import random
from collections.abc import Callable

MISSED_UNTIL_STALE = 3

CHECK_S = 0.9
"""A check that takes longer is given up: it counts as missed, and the next one is planned."""

_JITTER_SHARE = 0.2


class Freshness:
    """Bookkeeping of pointer checks; every time is in seconds of one monotonic clock.

    A check is due `soft_s` after the last one began, up to a fifth earlier so that instances do not
    check together, and overdue `hard_s` after; at the start it is both. One check counts at a time:
    the outcome of one that was given up, or after which another began, is nothing.

    jitter: 0 to 1 at each call.   Its owner lets one thread in at a time; `is_due` needs no lock.
    """

    def __init__(
        self, soft_s: float, hard_s: float, now: float, jitter: Callable[[], float] = random.random
    ) -> None:
        self._soft_s, self._hard_s, self._jitter = soft_s, hard_s, jitter
        self._due = self._overdue = self._answered = now
        self._missed = 0
        self._begun = self._running = 0
        self._began_at = self._until = now

    @property
    def is_running(self) -> bool:
        """Whether a check has begun and neither ended nor been given up."""
        return self._running > 0

    def is_due(self, now: float) -> bool:
        """Whether one request should check the pointer; true while the check runs."""
        return now >= self._due

    def is_overdue(self, now: float) -> bool:
        """Whether every request should wait for the running check."""
        return now >= self._overdue

    def begin(self, now: float, lasts_s: float = CHECK_S) -> int:
        """The number of a check that begins now and is given up after `lasts_s`."""
        self._begun += 1
        self._running, self._began_at, self._until = self._begun, now, now + lasts_s
        return self._running

    def give_up(self, now: float) -> bool:
        """Whether the running check was too slow; it was missed, and the next one may be due."""
        return now >= self._until and self.missed(self._running)

    def answered(self, check: int, now: float) -> bool:
        """Whether `check` still counts; it got an answer."""
        if not self._ends(check):
            return False
        self._missed, self._answered = 0, now
        return True

    def missed(self, check: int) -> bool:
        """Whether `check` still counts; it got no answer."""
        if not self._ends(check):
            return False
        self._missed += 1
        return True

    def stale_s(self, now: float) -> float | None:
        """Seconds since the last answer, once three checks in a row were missed; else None."""
        return now - self._answered if self._missed >= MISSED_UNTIL_STALE else None

    def _ends(self, check: int) -> bool:
        """Whether the running check is `check`; it ends, and the next one is planned."""
        if not self._running or check != self._running:
            return False
        self._running = 0
        self._due = self._began_at + self._soft_s * (1 - _JITTER_SHARE * self._jitter())
        self._overdue = self._began_at + self._hard_s
        return True
