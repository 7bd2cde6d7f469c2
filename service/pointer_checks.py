"""PointerChecks: one instance's reads of the release pointer, none of which holds up a request."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from service.background import Background
from service.freshness import CHECK_S, Freshness
from service.metrics import Metrics
from urgency.errors import UrgencyError, whatever_fails
from urgency.records import NO_RELEASE, Release
from urgency.registry import Registry
from urgency.store import ABSENT, Unchanged

OpenRegistry = Callable[[], Registry]
"""Called at each use, so that a process can start without the cloud. Raises UrgencyError."""


class PointerChecks:
    """Begins, counts and gives up checks; any number of threads may share it.

    clock: monotonic, in seconds.   tell: gets why a check was given up.
    """

    def __init__(
        self,
        registry: OpenRegistry,
        freshness: Freshness,
        background: Background,
        *,
        metrics: Metrics,
        clock: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._registry, self._freshness, self._background = registry, freshness, background
        self._metrics, self._clock, self._tell = metrics, clock, tell
        self._lock = threading.Lock()
        self._check: Future[None] = Future()
        self._seen: tuple[int, Release] = (ABSENT, NO_RELEASE)

    @property
    def stale_s(self) -> float | None:
        """Seconds since the pointer was last read, once three checks in a row failed; else None."""
        return self._freshness.stale_s(self._clock())

    def to_wait_for(
        self, follow: Callable[[int], None], lasts_s: float = CHECK_S
    ) -> Future[None] | None:
        """The check that a request should wait for a moment; begins one if it is due. At once.

        follow: makes the check of this number, on another thread.   lasts_s: when it is given up.
        """
        now = self._clock()
        if not self._freshness.is_due(now):
            return None
        with self._lock:
            if self._freshness.give_up(now):
                self._metrics.pointer_checks.add("missed")
                self._tell("The check of the release pointer did not end in time.")
            if self._freshness.is_running:
                return self._check if self._freshness.is_overdue(now) else None
            if not self._freshness.is_due(now):
                return None
            number, check = self._freshness.begin(now, lasts_s), Future[None]()
            self._check = check
        self._background.begin(partial(follow, number), check)
        return check

    def begin(self, lasts_s: float) -> int:
        """The number of a check that begins now, due or not; the one that ran counts no more."""
        with self._lock:
            return self._freshness.begin(self._clock(), lasts_s)

    def read(self, check: int) -> Release:
        """What the pointer says, as the check of this number. Raises UrgencyError, whatever it is.

        The answer to a check that was given up is as good as any: a lower epoch is never followed.
        """
        try:
            with whatever_fails("The release pointer cannot be read"):
                answer = self._registry().release_if_changed(self._seen[0])
        except UrgencyError:
            with self._lock:
                if self._freshness.missed(check):
                    self._metrics.pointer_checks.add("missed")
            raise
        with self._lock:
            if self._freshness.answered(check, self._clock()):
                self._metrics.pointer_checks.add("answered")
        if not isinstance(answer, Unchanged):
            self._seen = answer
        return self._seen[1]
