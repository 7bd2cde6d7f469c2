"""What the Cloud Storage adapter makes of failures: our errors, in as few requests as promised."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from infra.local.server import free_ports
from tests.support.cloud.pocket import pocket, served
from tests.support.storage.store_worlds import cloud_bucket
from urgency.errors import CorruptObject, Forbidden, Gone, Unavailable
from urgency.store import ABSENT, CloudBucket, ObjectStore

CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "get": lambda store: store.get("a"),
    "get_if_changed": lambda store: store.get_if_changed("a", 1),
    "open_at": lambda store: store.open_at("a", 1),
    "put": lambda store: store.put("a", b"body", ABSENT),
    "list": lambda store: list(store.list("")),
    "generations": lambda store: list(store.generations("a")),
}

HANGS_AFTER_S = 50
"""Far more than any machine needs, less than one request of the library's own bounds (60 s)."""


class FlakyServer:
    """Hangs up on the first `lost` requests and answers 404 to the others; counts them all."""

    def __init__(self, listener: socket.socket, lost: int) -> None:
        self._listener, self._lost = listener, lost
        self.port: int = listener.getsockname()[1]
        self.requests = 0

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            with connection:
                connection.recv(65_536)
                self.requests += 1
                if self.requests > self._lost:
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def flaky_server(lost: int) -> Iterator[FlakyServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = FlakyServer(listener, lost)
        threading.Thread(target=server.serve, daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_server_that_is_down_is_unavailable(call: Callable[[ObjectStore], object]) -> None:
    with pytest.raises(Unavailable):
        call(_store_at(free_ports(1)[0]))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_lost_request_is_not_sent_again(call: Callable[[ObjectStore], object]) -> None:
    with flaky_server(lost=1) as server:
        with pytest.raises(Unavailable):
            call(_store_at(server.port))
        assert server.requests == 1


@pytest.mark.timeout(HANGS_AFTER_S)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_server_that_never_answers_is_unavailable_and_nobody_hangs(
    call: Callable[[ObjectStore], object],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        call(_store_at(silent.getsockname()[1], timeout_s=0.3))


def test_a_lost_read_is_sent_again_while_the_patience_lasts() -> None:
    with flaky_server(lost=1) as server:
        patient = CloudBucket(
            _client_at(server.port), "bucket", timeout_s=HANGS_AFTER_S, patience_s=HANGS_AFTER_S
        )
        assert patient.get("a") is None
        assert server.requests == 2


@pytest.mark.timeout(HANGS_AFTER_S)
def test_patience_ends() -> None:
    with flaky_server(lost=1_000_000) as server:
        patient = CloudBucket(_client_at(server.port), "bucket", timeout_s=1, patience_s=0.5)
        with pytest.raises(Unavailable):
            patient.get("a")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_no_grant_allows_is_forbidden(
    call: Callable[[ObjectStore], object], tmp_path: Path
) -> None:
    with (
        pocket(tmp_path, grants=()) as cloud,
        pytest.raises(Forbidden, match="operator@local-helpdesk"),
    ):
        call(cloud_bucket(cloud.client("operator"), cloud.bucket("control")))


def test_a_generation_erased_after_it_was_opened_is_gone(tmp_path: Path) -> None:
    with pocket(tmp_path) as cloud:
        name = cloud.bucket("control")
        store = cloud_bucket(cloud.client("operator"), name)
        token = store.put("a", b"body", ABSENT)
        stream = store.open_at("a", token)
        cloud.client("operator").bucket(name).blob("a", generation=token).delete(retry=None)
        with pytest.raises(Gone):
            stream.read()


def test_an_object_whose_metadata_lack_a_size_is_empty() -> None:
    """Google's own test server leaves a size of 0 out."""
    app = Flask(__name__)
    resource = {
        "name": "a",
        "generation": "7",
        "crc32c": "AAAAAA==",
        "timeCreated": "2026-01-02T03:04:05Z",
    }
    app.get("/storage/v1/b/bucket/o")(lambda: {"items": [resource]})
    app.get("/storage/v1/b/bucket/o/a", endpoint="one")(lambda: resource)
    with served(app) as address:
        store = _store_at(int(address.rpartition(":")[2]))
        (listed,) = store.list("")
        assert (listed.size, listed.generation) == (0, 7)
        assert store.open_at("a", 7).read() == b""


def _store_at(port: int, timeout_s: float = HANGS_AFTER_S) -> CloudBucket:
    return cloud_bucket(_client_at(port), "bucket", timeout_s)


def _client_at(port: int) -> storage.Client:
    return storage.Client(
        project="test-project",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{port}"},
    )


GIGABYTE = 10**9
HEAD_OF_A_GIGABYTE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nx-goog-generation: 7\r\n\r\n" % GIGABYTE
)


@pytest.mark.parametrize("call", ["get", "get_if_changed"])
def test_of_an_object_that_is_too_large_little_is_read(call: str) -> None:
    sent = 0

    def serve() -> None:
        nonlocal sent
        connection, _ = listener.accept()
        with connection, suppress(OSError):  # the reader hangs up
            connection.recv(65_536)
            connection.sendall(HEAD_OF_A_GIGABYTE)
            while sent < GIGABYTE:
                sent += connection.send(b" " * 65_536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        client = _client_at(listener.getsockname()[1])
        bounded = CloudBucket(client, "bucket", timeout_s=HANGS_AFTER_S, get_most=65_536)
        with pytest.raises(CorruptObject, match="a has over 65,536 bytes"):
            CALLS[call](bounded)
        server.join(HANGS_AFTER_S)
    assert sent < GIGABYTE / 10


def test_an_object_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    with pocket(tmp_path) as cloud:
        client, name = cloud.client("operator"), cloud.bucket("control")
        cloud_bucket(client, name).put("a", b"body", ABSENT)
        stored = CloudBucket(client, name, timeout_s=HANGS_AFTER_S, get_most=4).get("a")
        assert stored
        assert stored.body == b"body"
