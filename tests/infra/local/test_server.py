from __future__ import annotations

import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import urllib3
from werkzeug.wrappers import Request, Response

from infra.local.server import PATIENCE_S, PortTaken, Server, WsgiApp, listen, url_of
from tests.support.waiting import HANGS_S, eventually

MB = 2**20


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def serve(ending: ExitStack, app: WsgiApp) -> tuple[Server, str]:
    listening = listen()
    server = Server(app, listening)
    ending.callback(server.stop)
    return server, url_of(listening)


def echo(environ: dict[str, Any], start_response: Any) -> Any:
    return Response(Request(environ).get_data())(environ, start_response)


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=HANGS_S)


def received(connection: socket.socket) -> bytes:
    """All until the other side closes."""
    with connection, connection.makefile("rb") as file:
        return file.read()


def test_connections_that_came_before_the_server_are_answered(ending: ExitStack) -> None:
    listening = listen()
    early = connect(url_of(listening))
    early.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
    ending.callback(Server(echo, listening).stop)
    assert received(early).endswith(b"\r\n\r\nhi")


def test_a_hundred_requests_at_once_are_all_answered(ending: ExitStack) -> None:
    everybody = threading.Barrier(100, timeout=HANGS_S)

    def meet(environ: dict[str, Any], start_response: Any) -> Any:
        everybody.wait()
        return Response("met")(environ, start_response)

    _, url = serve(ending, meet)
    connections = [connect(url) for _ in range(100)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert all(received(connection).endswith(b"met") for connection in connections)


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(ending: ExitStack) -> None:
    connection = connect(serve(ending, echo)[1])
    connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    connection.sendall(b"hi")
    assert received(connection).endswith(b"\r\n\r\nhi")


def test_a_chunked_body_arrives_whole(ending: ExitStack) -> None:
    body = iter([b"first", b"x" * MB, b"last"])
    answer = urllib3.request("POST", serve(ending, echo)[1], body=body, retries=False)
    assert answer.data == b"first" + b"x" * MB + b"last"


def test_the_answer_has_no_header_that_the_application_did_not_give(ending: ExitStack) -> None:
    answer = urllib3.request("GET", serve(ending, echo)[1], retries=False)
    assert set(answer.headers) == {"Content-Type", "Content-Length", "Connection"}


def test_bodies_are_streamed_both_ways_and_never_held_whole(ending: ExitStack) -> None:
    def count_then_send(environ: dict[str, Any], start_response: Any) -> Any:
        stream = Request(environ).stream
        count = sum(len(piece) for piece in iter(lambda: stream.read(MB), b""))
        return Response(b"x" * MB for _ in range(count // MB))(environ, start_response)

    _, url = serve(ending, count_then_send)
    tracemalloc.start()
    ending.callback(tracemalloc.stop)
    body = (b"a" * MB for _ in range(64))
    answer = urllib3.request("POST", url, body=body, preload_content=False, retries=False)
    assert sum(map(len, answer.stream(MB))) == 64 * MB
    assert tracemalloc.get_traced_memory()[1] < 32 * MB


def test_stopping_answers_the_request_under_way_and_ends_idle_connections(
    ending: ExitStack,
) -> None:
    began, release = threading.Event(), threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> Any:
        began.set()
        release.wait(HANGS_S)
        return Response("done")(environ, start_response)

    server, url = serve(ending, slow)
    idle, busy = connect(url), connect(url)
    busy.sendall(b"GET / HTTP/1.1\r\n\r\n")
    began.wait(HANGS_S)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert received(idle) == b""
    release.set()
    assert received(busy).endswith(b"done")
    stopping.join(HANGS_S)
    assert not stopping.is_alive()


def test_stopping_cuts_off_a_request_that_does_not_end_and_frees_the_port(
    ending: ExitStack,
) -> None:
    began, release = threading.Event(), threading.Event()
    ending.callback(release.set)

    def stuck(environ: dict[str, Any], start_response: Any) -> Any:
        began.set()
        release.wait(HANGS_S + PATIENCE_S)
        return Response("too late")(environ, start_response)

    server, url = serve(ending, stuck)
    busy = connect(url)
    busy.sendall(b"GET / HTTP/1.1\r\n\r\n")
    began.wait(HANGS_S)
    server.stop()
    assert received(busy) == b""
    eventually(lambda: _can_listen(int(url.rpartition(":")[2])))


def _can_listen(port: int) -> bool:
    try:
        listen(port).close()
    except PortTaken:
        return False
    return True
