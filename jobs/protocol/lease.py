"""Lease: who is training now. It saves work only: two holders cost time, not correctness."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from urgency.bundle import canonical_json
from urgency.errors import Conflict, UrgencyError
from urgency.logs import Log
from urgency.store import ABSENT, ObjectStore
from urgency.writes import Sleep, swap

_LEASE = "lease.json"
RENEW_EVERY_S = 60.0


class StoredLease(NamedTuple):
    """What `lease.json` says; `token` is ABSENT where nothing is stored."""

    token: int
    holder: str | None
    until: datetime | None

    def is_held(self, now: datetime) -> bool:
        """Whether a run holds it and it has not expired."""
        return self.holder is not None and self.until is not None and self.until > now


def read_lease(control: ObjectStore) -> StoredLease:
    """The lease as it is stored in the control bucket."""
    stored = control.get(_LEASE)
    if stored is None:
        return StoredLease(ABSENT, None, None)
    lease = json.loads(stored.body)
    until = lease["until"] and datetime.fromisoformat(lease["until"])
    return StoredLease(stored.token, lease["holder"], until)


class Lease:
    """The lease for one `holder` (an execution's name); it lasts `ttl_s` seconds."""

    def __init__(
        self,
        control: ObjectStore,
        holder: str,
        *,
        ttl_s: float,
        now: Callable[[], datetime],
        sleep: Sleep,
        log: Log,
    ) -> None:
        self._control, self._holder, self._ttl_s = control, holder, ttl_s
        self._now, self._sleep, self._log = now, sleep, log
        self._token: int | None = None

    def held_by_another(self) -> bool:
        """Whether another run holds it and it has not expired."""
        return self._is_anothers(read_lease(self._control))

    def inherit(self) -> None:
        """Take over what a killed attempt of the same execution holds."""
        stored = read_lease(self._control)
        if stored.holder == self._holder:
            self._token = stored.token

    def take(self) -> bool:
        """Whether we hold it now; False when another run holds it or was first."""
        stored = read_lease(self._control)
        if self._is_anothers(stored):
            return False
        try:
            self._token = self._write(stored.token)
        except Conflict:
            return False
        return True

    def free(self) -> None:
        """Give it back; a failure is only logged, since a lease expires."""
        if self._token is None:
            return
        token, self._token = self._token, None
        try:
            nobody = canonical_json({"holder": None, "until": None})
            swap(self._control, _LEASE, nobody, token, self._sleep)
        except UrgencyError as error:
            self._log.warning("lease_not_freed", reason=str(error))

    def renew(self) -> None:
        """Make it last `ttl_s` from now; a failure is only logged: at worst a run trains twice."""
        try:
            self._token = self._write(self._token or ABSENT)
        except UrgencyError as error:
            self._log.warning("lease_not_renewed", reason=str(error))

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew it each minute while the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(stop,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _renew_until(self, stop: threading.Event) -> None:
        while not stop.wait(min(RENEW_EVERY_S, self._ttl_s / 3)):
            self.renew()

    def _is_anothers(self, stored: StoredLease) -> bool:
        return stored.holder != self._holder and stored.is_held(self._now())

    def _write(self, expect: int) -> int:
        until = self._now() + timedelta(seconds=self._ttl_s)
        body = canonical_json({"holder": self._holder, "until": until.isoformat()})
        return swap(self._control, _LEASE, body, expect, self._sleep)
