"""Requests at a fixed rate, whatever is answered: python -m bench.open_loop URL RATE SECONDS BODIES

A client that asks again when it has its answer slows down with the server and so hides its queue
(coordinated omission, Tene 2013). Here request n is due n / RATE seconds after the start, and its
latency counts from then. What is not answered within PATIENCE_S, or finds CONNECTIONS others that
wait, is lost. Prints one line of JSON, as bench/post.lua does.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE_S = 1.0
"""After so long an answer is late: its client has gone."""

CONNECTIONS = 900
"""A process may have 1,024 files open unless somebody allows it more, the server's too."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(eq=False)
class Connection:
    """One connection and the request on it; `due`: in seconds after the start."""

    socket: socket.socket
    due: float = 0.0
    request: bytes = b""
    received: bytes = b""

    def status(self) -> int:
        """The answer's status, once all of it is there; else 0."""
        head, is_there, body = self.received.partition(b"\r\n\r\n")
        if not is_there or len(body) < int((_LENGTH.search(head) or [0, 0])[1]):
            return 0
        return int(head.split(maxsplit=2)[1])


@dataclass
class Arrivals:
    """Requests on their way.

    good: of each good answer, when it came and how long after its request was due, in seconds.
    """

    address: tuple[str, int]
    requests: Sequence[bytes]
    patience_s: float = PATIENCE_S
    good: list[tuple[float, float]] = field(default_factory=list)
    refused: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._poll, self._free = select.epoll(), list[Connection]()
        self._open: dict[int, Connection] = {}
        self._asked: dict[Connection, None] = {}
        self._began = time.perf_counter()

    def run(self, rate: float, many: int) -> None:
        """Send `many` requests, `rate` a second, and wait for the answers."""
        sent, bodies = 0, cycle(self.requests)
        while sent < many or self._asked:
            due = min(many, int(self._now() * rate) + 1)
            for number in range(sent, due):
                self._ask(number / rate, next(bodies))
            sent = due
            self._take(max(0.0, sent / rate - self._now()) if sent < many else 0.01)
            self._give_up()
        for connection in self._free:
            connection.socket.close()
        self._poll.close()

    def said(self, seconds: float) -> dict[str, int]:
        """What bench.load.Load holds; answers later than `seconds` do not count."""
        ordered = sorted(took for _, took in self.good) or [0.0]
        p50, p99 = (int(ordered[int(len(ordered) * part)] * 1e6) for part in (0.5, 0.99))
        answers = sum(at <= seconds for at, _ in self.good) + self.refused
        counts = {"answers": answers, "refused": self.refused, "lost": self.lost}
        return counts | {"microseconds": int(seconds * 1e6), "p50_us": p50, "p99_us": p99}

    def _now(self) -> float:
        return time.perf_counter() - self._began

    def _ask(self, due: float, request: bytes) -> None:
        if self._free:
            connection = self._free.pop()
            _send(connection, request)
        elif len(self._open) < CONNECTIONS:
            connection = self._connecting(request)
        else:
            self.lost += 1
            return
        connection.due, connection.received = due, b""
        self._asked[connection] = None

    def _connecting(self, request: bytes) -> Connection:
        """A connection that sends its request once it is there."""
        connection = Connection(socket.socket(), request=request)
        connection.socket.settimeout(0)
        connection.socket.connect_ex(self.address)
        number = connection.socket.fileno()
        self._open[number] = connection
        self._poll.register(number, select.EPOLLOUT)
        return connection

    def _take(self, wait_s: float) -> None:
        for number, event in self._poll.poll(wait_s):
            connection = self._open[number]
            if event == select.EPOLLOUT:
                _send(connection, connection.request)
                self._poll.modify(number, select.EPOLLIN)
            else:
                self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            received = connection.socket.recv(65_536)
        except OSError:
            received = b""
        connection.received += received
        status = connection.status()
        if status and connection in self._asked:
            del self._asked[connection]
            self._free.append(connection)
            self._count(status, connection.due)
        if not received:
            self._close(connection)

    def _count(self, status: int, due: float) -> None:
        if status == 200:
            now = self._now()
            self.good.append((now, now - due))
        elif status == 503:
            self.refused += 1
        else:
            self.lost += 1

    def _give_up(self) -> None:
        """Close what has waited too long; those asked first stand first."""
        late = self._now() - self.patience_s
        while self._asked and (first := next(iter(self._asked))).due < late:
            self._close(first)

    def _close(self, connection: Connection) -> None:
        if connection in self._asked:
            del self._asked[connection]
            self.lost += 1
        else:
            self._free.remove(connection)
        del self._open[connection.socket.fileno()]
        connection.socket.close()


def _send(connection: Connection, request: bytes) -> None:
    with suppress(OSError):  # the server has closed it: epoll says so next, and it is lost then
        connection.socket.send(request)


def requests_of(path: str, bodies: Path) -> list[bytes]:
    """A request for each line of `bodies`."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
    lines = bodies.read_bytes().splitlines()
    return [b"%s%d\r\n\r\n%s" % (head.encode(), len(line), line) for line in lines]


def main(url: str, rate: str, seconds: str, bodies: str) -> int:
    """Send and tell."""
    parts = urlsplit(url)
    arrivals = Arrivals(
        (parts.hostname or "", parts.port or 80), requests_of(parts.path, Path(bodies))
    )
    arrivals.run(float(rate), int(float(rate) * float(seconds)))
    sys.stdout.write(json.dumps(arrivals.said(float(seconds))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
