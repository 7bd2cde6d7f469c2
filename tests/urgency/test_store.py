"""What the Cloud Storage adapter makes of failures: in our words, in bounded time, in as few
requests as promised.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from infra.local.server import free_ports
from tests.support.cloud.pocket import pocket
from tests.support.storage.store_worlds import cloud_bucket
from urgency.errors import Forbidden, Gone, Unavailable
from urgency.store import ABSENT, CloudBucket, ObjectStore

CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "get": lambda store: store.get("a"),
    "open_at": lambda store: store.open_at("a", 1),
    "put": lambda store: store.put("a", b"body", ABSENT),
    "list": lambda store: list(store.list("")),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_server_that_is_down_is_unavailable_at_once(
    call: Callable[[ObjectStore], object],
) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable):
        call(_store_at(free_ports(1)[0], timeout_s=0.3))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_server_that_never_answers_is_unavailable_after_the_timeout(
    call: Callable[[ObjectStore], object],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            call(_store_at(silent.getsockname()[1], timeout_s=0.3))
        assert time.monotonic() - started < 5


def test_reads_are_retried_for_as_long_as_their_retry_says() -> None:
    client = _client_at(free_ports(1)[0])
    patient = CloudBucket(client, "bucket", timeout_s=0.3, patience_s=1.5)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        patient.get("a")
    assert 0.2 < time.monotonic() - started < 5


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


def _store_at(port: int, timeout_s: float) -> CloudBucket:
    return cloud_bucket(_client_at(port), "bucket", timeout_s)


def _client_at(port: int) -> storage.Client:
    return storage.Client(
        project="test-project",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{port}"},
    )
