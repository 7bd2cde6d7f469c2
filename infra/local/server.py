"""A WSGI application behind a port of the loopback, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from urgency.errors import UrgencyError

HOST = "127.0.0.1"
BODY_LIMIT_BYTES = 32 * 2**20
"""What Cloud Run's front end takes of an HTTP/1 request."""

OBJECT_LIMIT_BYTES = 5 * 2**40
"""What Cloud Storage takes of an object."""

PATIENCE_S = 1.0

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class PortTaken(UrgencyError):
    """The port that was asked for belongs to another process."""


def listen(port: int = 0) -> socket.socket:
    """A socket bound to `port`, or to a free one for 0; connections queue until somebody serves.
    Raises PortTaken.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise PortTaken(
            f"Port {port} is taken by another process; ask for another one, or for none."
        ) from error
    bound.listen(128)
    return bound


def listen_preferably(port: int) -> socket.socket:
    """A socket bound to `port`, or to a free one where that is taken."""
    try:
        return listen(port)
    except PortTaken:
        return listen()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, for processes that can only be told a number."""
    held = [listen() for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Server:
    """Serves `app` on a listening socket until `stop`, `threads` requests at a time; also those
    that came before.
    """

    def __init__(
        self,
        app: WsgiApp,
        listening: socket.socket,
        *,
        threads: int,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        self._server = create_server(
            app,
            sockets=[listening],
            threads=threads,
            max_request_body_size=body_limit_bytes,
            clear_untrusted_proxy_headers=False,  # fronts read and extend X-Forwarded-For
            ident=None,
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and return."""
        self._stopped.set()
        self._server.pull_trigger()
        self._thread.join()
        # only now: neither the event loop nor a worker survives that its sockets vanish
        self._server.task_dispatcher.shutdown(timeout=PATIENCE_S)
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()  # and with it its buffers, which are files where a body is long
        wasyncore.close_all(self._server._map)  # noqa: SLF001

    def _run(self) -> None:
        while not self._stopped.is_set():
            wasyncore.loop(timeout=1, count=1, map=self._server._map)  # noqa: SLF001


def url_of(listening: socket.socket) -> str:
    """Where a listening socket is reached."""
    return f"http://{HOST}:{listening.getsockname()[1]}"
