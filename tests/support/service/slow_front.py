"""A front before an HTTP server, on a real socket: it passes on answers as slowly as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

FOR_EVER = None
"""As long as the test runs."""

BETWEEN_BYTES_S = 0.05


@dataclass
class Front:
    """What stands at `address`.

    stall_s: before each answer.   at_once: bytes that come before the answer begins to trickle.
    """

    upstream: tuple[str, int]
    listener: socket.socket
    stall_s: float | None = 0.0
    at_once: int | None = None
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        host, port = self.listener.getsockname()
        return f"{host}:{port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def heal(self) -> None:
        """From now on pass on answers as they come."""
        self.stall_s, self.at_once = 0.0, None

    def serve(self) -> None:
        """Until the listener closes; every connection on a thread of its own."""
        while not self.over.is_set():
            with suppress(OSError):
                client, _ = self.listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """One request and its answer; then both connections close."""
        with client, suppress(OSError):
            request = _request_on(client)
            if self.over.wait(self.stall_s):
                return
            answer = self._answer_to(request)
            at_once = len(answer) if self.at_once is None else self.at_once
            client.sendall(answer[:at_once])
            for place in range(at_once, len(answer)):
                client.sendall(answer[place : place + 1])
                if self.over.wait(BETWEEN_BYTES_S):
                    return

    def _answer_to(self, request: bytes) -> bytes:
        with socket.create_connection(self.upstream) as upstream:
            upstream.sendall(request)
            parts = []
            while part := upstream.recv(65536):
                parts.append(part)
        return b"".join(parts)


@contextmanager
def front(upstream: str) -> Iterator[Front]:
    """A front before `upstream`, which is host:port."""
    host, _, port = upstream.partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        standing = Front((host, int(port)), listener)
        serving = threading.Thread(target=standing.serve, daemon=True)
        serving.start()
        try:
            yield standing
        finally:
            standing.over.set()
            with socket.socket() as last, suppress(OSError):
                last.connect(listener.getsockname())  # wakes the listener
            serving.join()


def _request_on(client: socket.socket) -> bytes:
    """A request without a body, made one after which its server closes."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = client.recv(65536)
        if not part:
            raise OSError("the client went away")
        received += part
    lines = received.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([kept[0], b"Connection: close", *kept[1:]])
