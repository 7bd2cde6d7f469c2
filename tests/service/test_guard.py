"""Slow clients and a server that ends, over real connections to a real process."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.guard import HEAD_MAX, READ_BYTES, GuardedProtocol
from service.server import server_of
from tests.service.test_process import HANGS_AFTER_S, baked_environ
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.processor_time import least_of, seconds_of_process
from tests.support.service.service import Instance
from tests.support.service.service_process import ServiceProcess, service_process
from tests.support.waiting import eventually

BODY = json.dumps(URGENT_TICKET).encode()
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
HALF_HEAD = HEAD[:-2]
HALF_BODY = WHOLE[:-5]

ASKED = 500


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    folder = tmp_path_factory.mktemp("service")
    with service_process(baked_environ(folder), folder) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Client:
    """One connection; closed at the end of a `with` block."""

    def __init__(self, service: ServiceProcess, sent: bytes = b"") -> None:
        host, port = service.url.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=HANGS_AFTER_S)
        self._received = self._socket.makefile("rb")
        self.send(sent)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self._received.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self) -> Answer:
        status = int(self._received.readline().split()[1])
        headers = http.client.parse_headers(self._received)
        return Answer(status, headers, self._received.read(int(headers["Content-Length"] or 0)))

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        return self._received.read()


def answered(service: ServiceProcess, code: int) -> int:
    """How many answers of this code the server itself has counted."""
    with Client(service, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        text = client.answer().body.decode()
    name = f'urgency_requests_total{{route="none",code="{code}"}} '
    return sum(int(line[len(name) :]) for line in text.splitlines() if line.startswith(name))


def test_what_comes_too_slowly_is_told_so_and_cut_off_and_counted(service: ServiceProcess):
    before = answered(service, 408)
    with ExitStack() as clients:
        head, body, pipelined, unused = (
            clients.enter_context(Client(service, sent))
            for sent in (HALF_HEAD, HALF_BODY, WHOLE + HALF_HEAD, b"")
        )
        assert pipelined.answer().status == 200
        for client, part in ((head, "head"), (body, "body"), (pipelined, "head")):
            refused = client.answer()
            assert (refused.status, refused.headers["Connection"]) == (408, "close")
            problem = json.loads(refused.body)
            assert problem["status"] == 408
            assert part in problem["detail"]
            assert client.rest() == b""
        assert unused.rest() == b""
    assert answered(service, 408) == before + 3


def test_a_request_in_small_pieces_is_answered(service: ServiceProcess):
    with Client(service) as client:
        for _ in range(2):
            for start in range(0, len(WHOLE), 40):
                client.send(WHOLE[start : start + 40])
            got = client.answer()
            assert (got.status, json.loads(got.body)["label"]) == (200, "urgent")


def test_two_requests_in_one_piece_are_answered_in_their_order(service: ServiceProcess):
    with Client(service, WHOLE + WHOLE.replace(b"/v1/predict", b"/nowhere")) as both:
        assert [both.answer().status for _ in range(2)] == [200, 404]


def test_a_large_body_is_read_piece_by_piece(monkeypatch: pytest.MonkeyPatch):
    """asyncio sets aside as much as it is told to read at once, also where little comes."""
    sizes, received = list[int](), GuardedProtocol.data_received

    def counted(protocol: GuardedProtocol, data: bytes) -> None:
        sizes.append(len(data))
        received(protocol, data)

    monkeypatch.setattr(GuardedProtocol, "data_received", counted)
    server = server_of(Instance(registry_with(1)).door)
    server.config.load()

    def protocol() -> GuardedProtocol:
        of_server = {"server_state": server.server_state, "app_state": {}}
        return server.config.http_protocol_class(config=server.config, **of_server)

    async def asked() -> bytes:
        listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        async with listening:
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            body = BODY.ljust(10 * READ_BYTES)
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            status = await reader.readline()
            writer.close()
        return status

    assert b" 200 " in asyncio.run(asked())
    assert max(sizes) <= READ_BYTES


def test_a_head_without_an_end_is_cut_off_and_counted(service: ServiceProcess):
    before = answered(service, 431)
    with Client(service, HEAD) as client:
        client.send(b"X-Long: " + b"x" * HEAD_MAX)
        refused = client.answer()
        assert refused.status == 431
        assert refused.headers["Content-Type"] == "application/problem+json"
    assert answered(service, 431) == before + 1


def test_what_is_no_http_is_a_problem(service: ServiceProcess):
    with Client(service, b"this is no request\r\n\r\n") as client:
        refused = client.answer()
        assert (refused.status, refused.headers["Connection"]) == (400, "close")
        assert json.loads(refused.body)["status"] == 400


def test_a_client_that_asks_first_is_told_to_continue(service: ServiceProcess):
    asking = WHOLE.replace(b"Host", b"Expect: 100-continue\r\nHost").removesuffix(BODY)
    with Client(service, asking) as client:
        assert client.answer().status == 100
        client.send(BODY)
        assert client.answer().status == 200


def cost_s(service: ServiceProcess) -> float:
    """The server's processor time for some requests, one after the other on one connection."""
    before = seconds_of_process(service.process.pid)
    with Client(service) as client:
        for _ in range(ASKED):
            client.send(WHOLE)
            assert client.answer().status == 200
    return seconds_of_process(service.process.pid) - before


@pytest.mark.parametrize("how_many", [8, 300])
def test_half_sent_requests_hold_nobody_up(service: ServiceProcess, how_many: int):
    def beside_half_sent() -> float:
        with ExitStack() as half_sent:
            for number in range(how_many):
                sent = HALF_BODY if number % 2 else HALF_HEAD
                half_sent.enter_context(Client(service, sent))
            with Client(service, WHOLE) as client:  # behind them in the queue: they are accepted
                assert client.answer().status == 200
            return cost_s(service)

    alone, beside = least_of(3, lambda: cost_s(service), beside_half_sent)
    assert beside <= 2 * alone


def test_sigterm_waits_for_what_is_half_sent_and_for_who_has_just_connected(tmp_path: Path):
    with service_process(baked_environ(tmp_path), tmp_path) as service, ExitStack() as clients:
        head, body, idle, new, unused = (
            clients.enter_context(Client(service, sent))
            for sent in (HALF_HEAD, HALF_BODY, WHOLE, b"", b"")
        )
        assert idle.answer().status == 200
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: "Shutting down" in service.log.read_text())
        for client, rest in ((idle, WHOLE), (new, WHOLE), (body, BODY[-5:])):
            client.send(rest)
        assert unused.rest() == b""  # idle ones are closed, and this one is not idle:
        head.send(WHOLE.removeprefix(HALF_HEAD))
        for client in (idle, new, body, head):
            last = client.answer()
            assert (last.status, last.headers["Connection"]) == (200, "close")
            assert json.loads(last.body)["label"] == "urgent"
            assert client.rest() == b""
        assert service.process.wait(HANGS_AFTER_S) == 0


def test_a_request_that_never_comes_whole_does_not_stop_the_end(tmp_path: Path):
    with (
        service_process(baked_environ(tmp_path), tmp_path) as service,
        Client(service, HALF_BODY),
        Client(service, HALF_HEAD),
        Client(service, WHOLE) as accepted_after_them,
    ):
        assert accepted_after_them.answer().status == 200
        assert service.terminate(HANGS_AFTER_S) == 0
