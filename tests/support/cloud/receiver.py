"""An HTTP endpoint in the test process: remembers requests, answers what the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from infra.local.server import Server, listen, url_of


@dataclass(frozen=True)
class SeenRequest:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answer` makes the response to each request, 200 unless a test replaces it."""

    url: str
    received: list[SeenRequest] = field(default_factory=list)
    answer: Callable[[SeenRequest], Response] = lambda _: Response("ok")


@contextmanager
def receiver(answer: Callable[[SeenRequest], Response] | None = None) -> Iterator[Receiver]:
    """A receiver on a free port, with sixteen threads."""
    socket = listen()
    endpoint = Receiver(url_of(socket))
    if answer:
        endpoint.answer = answer

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        path = environ["REQUEST_URI"]
        seen = SeenRequest(
            request.method,
            path,
            {k.lower(): v for k, v in request.headers.items()},
            request.get_data(),
        )
        endpoint.received.append(seen)
        return endpoint.answer(seen)(environ, start_response)

    server = Server(app, socket)
    try:
        yield endpoint
    finally:
        server.stop()
