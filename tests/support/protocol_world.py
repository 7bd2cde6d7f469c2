"""A world in which the real code of the protocol runs: runs, functions, instances, operators and users, at one seed.

Every call of a store, of the topic or of jobs:run is one atomic step. Between two steps anybody else may go on; in the
faulty world a step may also fail, take effect and lose its answer, or be the last before a SIGKILL; time may jump
beyond the lease, messages are lost, a region goes down. The clean world has none of that and no sweep either, since
faults and sweeps heal a lost wake-up. `python -m tests.support.protocol_world faulty 137` replays one seed.
"""

from __future__ import annotations

from jobs.lease import Lease
from urgency.logs import Log

HAPPENINGS = 600
STEPS_AT_MOST = 20_000
RETRIES = 3
LEASE_S, DEADLINE_S = 600.0, 3540.0
SKEW_S = 10.0
FINE, FAILS, LOSES_ANSWER, DIES, DIES_AFTER = "fine", "fails", "loses its answer", "dies", "takes effect and dies"


class Silent(Log):
    """Nobody reads it."""

    def _write(self, severity: str, event: str, fields: dict[str, object]) -> None:
        pass


class TurnLease(Lease):
    """Renewed by the trainer while it works, instead of by a thread of its own."""

    def renewed(self):  # type: ignore[no-untyped-def]
        return self._nothing()
