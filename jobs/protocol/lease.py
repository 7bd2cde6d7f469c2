"""Lease: who is training now. It saves work, nothing rests on it: two holders cost time, never correctness."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from urgency.bundle import canonical_json
from urgency.errors import Conflict, UrgencyError
from urgency.logs import Log
from urgency.store import ABSENT, ObjectStore, Unchanged, Versioned
from urgency.writes import Sleep, swap

LEASE = "lease.json"
RENEW_EVERY_S = 60.0


class Lease:
    """`lease.json` in the control bucket, for one `holder` (an execution's name); it lasts `ttl_s` seconds."""

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
        """Whether somebody else holds it and it has not expired."""
        return self._read()[1]

    def inherit(self) -> None:
        """Make ours what a killed attempt of the same execution holds, so that it is given back and not waited for."""
        stored = self._control.get(LEASE)
        if isinstance(stored, Versioned) and json.loads(stored.body)["holder"] == self._holder:
            self._token = stored.token

    def take(self) -> bool:
        """Whether we hold it now; False when another holds it or was quicker."""
        token, held_by_another = self._read()
        if held_by_another:
            return False
        try:
            self._token = self._write(token)
        except Conflict:
            return False
        return True

    def free(self) -> None:
        """Give it back. One that cannot be given back expires, so failing to is only logged."""
        if self._token is None:
            return
        token, self._token = self._token, None
        try:
            swap(
                self._control,
                LEASE,
                canonical_json({"holder": None, "until": None}),
                token,
                self._sleep,
            )
        except UrgencyError as error:
            self._log.warning("lease_not_freed", reason=str(error))

    def renew(self) -> None:
        """Make it last `ttl_s` from now. Failing to is only logged: at worst another run trains the same snapshot."""
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

    def _read(self) -> tuple[int, bool]:
        """Token, and whether another holds it."""
        stored = self._control.get(LEASE)
        if stored is None or isinstance(stored, Unchanged):
            return ABSENT, False
        lease = json.loads(stored.body)
        others = lease["holder"] not in (None, self._holder)
        return stored.token, others and datetime.fromisoformat(lease["until"]) > self._now()

    def _write(self, expect: int) -> int:
        until = self._now() + timedelta(seconds=self._ttl_s)
        body = canonical_json({"holder": self._holder, "until": until.isoformat()})
        return swap(self._control, LEASE, body, expect, self._sleep)
