"""A WSGI application behind a port of the loopback, in a thread."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from urgency.errors import UrgencyError

HOST = "127.0.0.1"
OURS = {HOST, "localhost", "[::1]"}
"""How this machine's own programs call it."""

POLL_S = 0.05
PATIENCE_S = 1.0
"""How long requests under way may still be answered when a server stops."""

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class PortTaken(UrgencyError):
    """The requested port belongs to another process."""


def listen(port: int = 0) -> socket.socket:
    """A socket bound to `port`, 0 for a free one; connections queue. Raises PortTaken."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise PortTaken(
            f"Port {port} is taken by another process; choose another one, or none."
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
    """Ports that were free a moment ago, for processes that only take a number."""
    bound = [listen() for _ in range(count)]
    ports = [one.getsockname()[1] for one in bound]
    for one in bound:
        one.close()
    return ports


def url_of(listening: socket.socket) -> str:
    """Where a listening socket is reached."""
    return f"http://{HOST}:{listening.getsockname()[1]}"


class Server:
    """Serves `app` on a listening socket until `stop`, each connection in a thread of its own."""

    def __init__(self, app: WsgiApp, listening: socket.socket) -> None:
        self._listening = listening
        self._server = _ConnectionServer(_for_this_machine(app), listening)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=[POLL_S], daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more, let requests end for PATIENCE_S, then close every connection."""
        self._server.shutdown()
        self._thread.join()
        self._listening.close()
        self._server.end_connections(PATIENCE_S)


def _for_this_machine(app: WsgiApp) -> WsgiApp:
    """`app`, but a request for another host's name gets a 421.

    A web page whose name is made to lead here (DNS rebinding) is of the same origin for a browser:
    it may send any header and read every answer, tokens too. It cannot change `Host`.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", HOST)
        name, _, port = host.rpartition(":")
        if (name if port.isdecimal() else host).lower() in OURS:
            return app(environ, start_response)
        start_response("421 Misdirected Request", [("Content-Type", "text/plain")])
        return [b"This server answers programs of this machine only.\n"]

    return answer


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def send_response(self, code: int, message: str | None = None) -> None:
        """Only what the application says: no log line, no header of the server."""
        self.send_response_only(code, message)


class _ConnectionServer(ThreadedWSGIServer):
    """Knows its open connections, so that it can end them."""

    def __init__(self, app: WsgiApp, listening: socket.socket) -> None:
        super().__init__(HOST, 0, app, _Handler, fd=listening.fileno())
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection before its thread starts."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection and forget it."""
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()
            super().shutdown_request(request)

    def end_connections(self, patience_s: float) -> None:
        """End idle connections at once, those with a request after `patience_s`."""
        with self._changed:
            self._shut(socket.SHUT_RD)  # who waits for a request reads the end of the stream
            self._changed.wait_for(lambda: not self._open, patience_s)
            self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        for connection in self._open:
            with contextlib.suppress(OSError):  # the client has gone
                connection.shutdown(how)
