"""An HTTP endpoint inside the test process that remembers what it was sent and answers what the
test says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from infra.local.server import Server, listen, url_of


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answer` makes the response to each request, 200 unless a test replaces it."""

    url: str
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Response] = lambda _: Response("ok")


@contextmanager
def receiver(answer: Callable[[Received], Response] | None = None) -> Iterator[Receiver]:
    """A receiver on a free port, with sixteen threads."""
    socket = listen()
    here = Receiver(url_of(socket))
    if answer:
        here.answer = answer

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        path = environ["REQUEST_URI"]
        got = Received(
            request.method,
            path,
            {k.lower(): v for k, v in request.headers.items()},
            request.get_data(),
        )
        here.received.append(got)
        return here.answer(got)(environ, start_response)

    server = Server(app, socket, threads=16)
    try:
        yield here
    finally:
        server.stop()
