"""gunicorn's thread worker, but SIGTERM loses no request.

gunicorn itself loses two kinds: connections that wait to be accepted are reset when the listener
closes, and a kept-alive connection is closed just as its client sends the next request.
"""

import select
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

IDLE_CHECK_S = 0.2
"""How often a draining worker checks how long its kept-alive connections have been idle."""


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """At SIGTERM answers every client that is connected, with `Connection: close`; then ends."""

    alive: bool
    sockets: list[Any]

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM, handled between two events and not in the middle of one."""
        self.method_queue.defer(super().handle_exit, sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  gunicorn's signature
        """Start or stop accepting; after SIGTERM accept what waits, then close the listeners."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            while waiting := select.select(self.sockets, [], [], 0)[0]:
                for listener in waiting:
                    self.accept(listener)
            for listener in self.sockets:
                listener.close()
            self.sockets = []

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep a connection whose client was told that it is kept; its next answer says close."""
        alive, self.alive = self.alive, True  # otherwise gunicorn closes it now
        try:
            super().finish_request(conn, fs)
        finally:
            self.alive = alive

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait less than gunicorn does, or one idle connection uses up the grace period."""
        super().wait_for_and_dispatch_events(timeout if self.alive else min(timeout, IDLE_CHECK_S))
