"""The server in this process, at a moment that the test chooses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from service.__main__ import listening
from service.server import Server, server_of
from tests.service.test_guard import WHOLE
from tests.support.models import registry_with
from tests.support.service.service import Instance
from tests.support.waiting import HANGS_S


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listening("127.0.0.1", 0) as listener:
        yield listener


def connected(listener: socket.socket, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection(listener.getsockname(), timeout=HANGS_S)
    client.sendall(sent)
    return client


async def started(listener: socket.socket) -> Server:
    server = server_of(Instance(registry_with(1)).door)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    return server


def test_who_waits_to_be_accepted_at_the_end_is_answered(listener: socket.socket):
    clients = [connected(listener, WHOLE) for _ in range(20)]

    async def end_at_once() -> None:
        server = await started(listener)
        await server.shutdown(sockets=[listener])

    asyncio.run(end_at_once())
    for client in clients:
        with client, client.makefile("rb") as answer:
            got = answer.read()
            assert got.startswith(b"HTTP/1.1 200 ")
            assert b"connection: close\r\n" in got


def test_no_part_of_an_answer_waits_for_an_acknowledgement(listener: socket.socket):
    with connected(listener), listener.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
