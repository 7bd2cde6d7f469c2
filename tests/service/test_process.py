from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from service.local_copy import LocalCopy
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import AUDIENCE, CALLER, ENVIRON, cloud_environ, cloud_registry
from tests.support.service.service_process import CHECKOUT, service_process
from tests.support.waiting import eventually

HANGS_AFTER_S = 60
"""Far more than any machine needs, and far less than the grace that a test may set."""

DOWN = {
    "URGENCY_STORAGE_ENDPOINT": "http://127.0.0.1:1",
    "NO_GCE_CHECK": "true",
    "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
}


def baked_environ(folder: Path) -> dict[str, str]:
    """An environment in which storage is down and a bundle is baked in, below `folder`."""
    registry = registry_with(1)
    LocalCopy(folder / "baked").keep(registry.current_release()[1], registry)
    return {
        **ENVIRON,
        **DOWN,
        "URGENCY_BAKED_BUNDLE": str(folder / "baked"),
        "CLOUDSDK_CONFIG": str(folder),
    }


@pytest.fixture
def baked(tmp_path: Path) -> dict[str, str]:
    return baked_environ(tmp_path)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Pocket]:
    with pocket(tmp_path / "cloud") as running:
        yield running


def asked_until_served(method: str, url: str, **options: Any) -> requests.Response:
    """The first answer that is no 503: on a busy machine the pointer's read may exceed 0.3 s."""

    answers: list[requests.Response] = []

    def is_served() -> bool:
        answers.append(requests.request(method, url, timeout=HANGS_AFTER_S, **options))
        return answers[-1].status_code != 503

    eventually(is_served)
    return answers[-1]


def test_the_service_follows_the_registry_of_a_cloud_as_its_own_identity(
    cloud: Pocket, tmp_path: Path
):
    registry = cloud_registry(cloud)
    release(registry, put_model(registry, 1))
    with service_process(cloud_environ(cloud), tmp_path) as service:
        answer = asked_until_served("POST", f"{service.url}/v1/predict", json=URGENT_TICKET)
        assert (answer.json()["label"], answer.headers["X-Model-Version"]) == ("urgent", "1")
        release(registry, put_model(registry, 2, strength=2.0))
        token = {"Authorization": f"Bearer {cloud.identity.id_token(CALLER, AUDIENCE)}"}
        answer = asked_until_served("POST", f"{service.url}/v1/model:reload", headers=token)
        assert answer.json() == {"status": "reloaded", "epoch": 2, "version": 2}
        models = asked_until_served("GET", f"{service.url}/v1/models").json()["models"]
        assert [model["version"] for model in models] == [2, 1]
        assert service.terminate() == 0
    for line in service.log.read_text().splitlines():
        assert {"severity", "message", "time"} <= set(json.loads(line)), line


def test_hostile_bodies_are_refused_by_the_real_server_too_and_the_connection_lives_on(
    baked: dict[str, str], tmp_path: Path
):
    with service_process(baked, tmp_path) as service, requests.Session() as client:
        for body, status in (
            (b"[" * 100_000, 400),
            (b'{"title": "' + b"x" * 5_000_000 + b'"}', 413),
            (b"{", 400),
            (json.dumps(URGENT_TICKET).encode(), 200),
        ):
            answer = client.post(f"{service.url}/predict", data=body, timeout=HANGS_AFTER_S)
            assert answer.status_code in (status, 422)
        parts = (b" " * 100_000 for _ in range(20))
        chunked = client.post(f"{service.url}/predict", data=parts, timeout=HANGS_AFTER_S)
        assert chunked.status_code == 413
        assert service.terminate() == 0


BATCH = json.dumps(
    {"instances": [URGENT_TICKET | {"description": "all of us are blocked " * 20}] * 100}
)


def ask(connection: http.client.HTTPConnection) -> bool:
    """One prediction, answered in full; whether the server then keeps the connection."""
    connection.request("POST", "/v1/predict", BATCH, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert len(json.loads(answer.read())["predictions"]) == 100
    return not answer.will_close


def ask_on_one_connection(host: str, asked: list[str]) -> None:
    """Ask until the server says that it closes."""
    with closing(http.client.HTTPConnection(host, timeout=HANGS_AFTER_S)) as connection:
        while ask(connection):
            asked.append(host)


def ask_on_new_connections(host: str, asked: list[str], stop: threading.Event) -> None:
    """Ask on one connection after another until `stop`; what began before is answered."""
    while not stop.is_set():
        with closing(http.client.HTTPConnection(host, timeout=HANGS_AFTER_S)) as connection:
            ask(connection)
        asked.append(host)


def test_sigterm_closes_no_connection_without_an_announcement(
    baked: dict[str, str], tmp_path: Path
):
    asked: list[str] = []
    with service_process(baked, tmp_path) as service, ThreadPoolExecutor(12) as clients:
        host = service.url.removeprefix("http://")
        running = [clients.submit(ask_on_one_connection, host, asked) for _ in range(12)]
        eventually(lambda: len(asked) > 100, HANGS_AFTER_S)
        assert service.terminate() == 0
        for client in running:
            client.result(HANGS_AFTER_S)


def test_sigterm_under_load_loses_no_request_in_flight(baked: dict[str, str], tmp_path: Path):
    asked: list[str] = []
    stop = threading.Event()
    with service_process(baked, tmp_path) as service, ThreadPoolExecutor(24) as clients:
        host = service.url.removeprefix("http://")
        running = [clients.submit(ask_on_new_connections, host, asked, stop) for _ in range(24)]
        eventually(lambda: len(asked) > 100, HANGS_AFTER_S)
        stop.set()  # as Cloud Run stops sending requests before it sends SIGTERM
        assert service.terminate() == 0
        for client in running:
            client.result(HANGS_AFTER_S)


def test_an_idle_connection_does_not_hold_up_the_end(baked: dict[str, str], tmp_path: Path):
    with service_process(baked, tmp_path) as service, requests.Session() as client:
        assert client.post(f"{service.url}/predict", json=URGENT_TICKET, timeout=HANGS_AFTER_S).ok
        assert service.terminate(HANGS_AFTER_S) == 0
    assert '"severity": "ERROR"' not in service.log.read_text()  # it would say: out of time


def test_a_missing_setting_stops_the_server_with_one_sentence(tmp_path: Path):
    environ = {name: value for name, value in ENVIRON.items() if name != "URGENCY_CONTROL_BUCKET"}
    environ["PYTHONPATH"] = str(CHECKOUT)
    command = [sys.executable, "-m", "service"]
    ended = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("URGENCY_CONTROL_BUCKET is not set: ")
