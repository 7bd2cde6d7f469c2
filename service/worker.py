"""gunicorn's thread worker, but SIGTERM loses no request.

Its own way loses two kinds: connections that wait to be accepted are reset when the listener
closes, and a connection that was just promised to be kept alive is closed under its client's next
request.
"""

from __future__ import annotations

import select
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

LOOK_S = 0.2
"""How often a draining worker looks whether a kept-alive connection has been idle for long enough.
"""


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """Answers at SIGTERM all who have connected, each with `Connection: close`, and nobody who
    connects later.
    """

    alive: bool
    sockets: list[Any]

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM, taken note of between two events and not in the middle of one."""
        self.method_queue.defer(super().handle_exit, sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  gunicorn's signature
        """Start or stop accepting; once SIGTERM came, accept who waits and close the listeners at
        once.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            while waiting := select.select(self.sockets, [], [], 0)[0]:
                for listener in waiting:
                    self.accept(listener)
            for listener in self.sockets:
                listener.close()
            self.sockets = []

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep a connection that was promised to be kept; its next answer says close."""
        alive, self.alive = self.alive, True  # else gunicorn closes it at once
        try:
            super().finish_request(conn, fs)
        finally:
            self.alive = alive

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait less long than gunicorn does, or one idle connection would delay the end by the
        whole grace period.
        """
        super().wait_for_and_dispatch_events(min(timeout, LOOK_S) if not self.alive else timeout)
