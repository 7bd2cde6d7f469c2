"""Arrivals do not wait for answers, and each of them is counted once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bench import open_loop
from bench.open_loop import Arrivals

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
ENDLESS_S = 600.0
FAST = 1e9
"""Requests a second: all of them are due at once."""

Answer = Callable[[int], bytes]


def answer(status: int, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@contextmanager
def served(respond: Answer, *, holds: int = 1) -> Iterator[tuple[str, int]]:
    """A server that answers request n with `respond(n)`, once `holds` of them are there."""
    numbers, lock, enough = iter(range(1_000_000)), threading.Lock(), threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            while client.recv(len(REQUEST)):
                with lock:
                    number = next(numbers)
                if number + 1 >= holds:
                    enough.set()
                enough.wait(ENDLESS_S)
                for byte in (said := respond(number)):
                    client.send(bytes([byte]))
                if not said:
                    return

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve, args=[client], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        threading.Thread(target=accept, args=[listener], daemon=True).start()
        yield listener.getsockname()
        enough.set()
        listener.shutdown(socket.SHUT_RDWR)


def arrived(address: tuple[str, int], many: int, patience_s: float = ENDLESS_S) -> Arrivals:
    arrivals = Arrivals(address, [REQUEST], patience_s)
    arrivals.run(FAST, many)
    return arrivals


def test_the_next_request_does_not_wait_for_an_answer() -> None:
    with served(lambda _number: answer(200), holds=30) as address:
        got = arrived(address, 30)
    assert (len(got.good), got.refused, got.lost) == (30, 0, 0)


def test_each_answer_is_counted_as_what_it_is() -> None:
    kinds = [answer(200), answer(503), answer(500), b""]
    with served(lambda number: kinds[number % 4]) as address:
        got = arrived(address, 40)
    assert (len(got.good), got.refused, got.lost) == (10, 10, 20)
    said = got.said(ENDLESS_S)
    assert (said["answers"], said["refused"], said["lost"]) == (20, 10, 20)
    assert said["microseconds"] == ENDLESS_S * 1e6
    assert got.said(0.0)["answers"] == 10  # good answers after the time are not counted
    assert 0 < said["p50_us"] <= said["p99_us"]


def test_an_answer_that_does_not_come_in_time_is_lost() -> None:
    with served(lambda _number: answer(200), holds=1_000) as address:
        got = arrived(address, 5, patience_s=0.01)
    assert (len(got.good), got.refused, got.lost) == (0, 0, 5)


def test_a_request_that_finds_no_connection_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_loop, "CONNECTIONS", 3)
    with served(lambda _number: answer(200), holds=3) as address:
        got = arrived(address, 10)
    assert (len(got.good), got.lost) == (3, 7)


def test_a_body_is_sent_with_its_length(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b'{"a": 1}\n{}\n')
    first, second = open_loop.requests_of("/predict", tmp_path / "lines")
    assert first.startswith(b"POST /predict HTTP/1.1\r\n")
    assert first.endswith(b'Content-Length: 8\r\n\r\n{"a": 1}')
    assert second.endswith(b"Content-Length: 2\r\n\r\n{}")
