"""The service of the test process, on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.server import Server, listen, url_of
from tests.support.service.service import Instance


@contextmanager
def listening(instance: Instance) -> Iterator[str]:
    """The address at which `instance` answers for as long as the block runs."""
    socket = listen()
    url = url_of(socket)
    server = Server(instance.http.application, socket)
    try:
        yield url
    finally:
        server.stop()
