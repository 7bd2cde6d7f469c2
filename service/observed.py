"""What this instance scored, as one line of counts a minute for each version: see
`urgency.observed`.
"""

import threading
from collections.abc import Callable

from service.model_slot import LOG_EVERY_S, Serving
from urgency.logs import Log
from urgency.observed import EVENT, Tally
from urgency.scorer import Scorer


class Observer:
    """Counts for the models that answer; any number of threads may share it.

    A line is written by the request that finds the last one a minute old, or a model that has not
    answered before: between requests an instance on Cloud Run has no CPU. What a killed instance
    had counted since is lost.

    clock: monotonic, in seconds.
    """

    def __init__(self, log: Log, clock: Callable[[], float]) -> None:
        self._log, self._clock = log, clock
        self._lock = threading.Lock()
        self._tallies: dict[Scorer, Tally] = {}
        self._write_at = clock() + LOG_EVERY_S

    def tally(self, serving: Serving) -> Tally:
        """Where the tickets that `serving` scores now are counted."""
        tally = self._tallies.get(serving.scorer)
        if tally and self._clock() < self._write_at:
            return tally
        with self._lock:
            if tally is None or self._clock() >= self._write_at:
                self._write()  # so that a model that answers no more is not kept for a minute
            return self._tallies.setdefault(serving.scorer, tally or serving.scorer.tally())

    def write(self) -> None:
        """Write what is not written yet, at the end of the process."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        self._write_at = self._clock() + LOG_EVERY_S
        for scorer, tally in [*self._tallies.items()]:
            counts = tally.take()
            if counts.tickets:
                self._log.info(EVENT, version=scorer.manifest.version, **counts.members())
            else:  # a model that answers no more; a slow batch may have counted after the last line
                del self._tallies[scorer]
