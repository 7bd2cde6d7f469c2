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

import pytest
import requests

from service.local_copy import LocalCopy
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import AUDIENCE, CALLER, ENVIRON, cloud_environ, cloud_registry
from tests.support.service.service_process import CHECKOUT, service_process
from tests.support.waiting import eventually

DOWN = {
    "URGENCY_STORAGE_ENDPOINT": "http://127.0.0.1:1",
    "NO_GCE_CHECK": "true",
    "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
}


@pytest.fixture
def baked(tmp_path: Path) -> dict[str, str]:
    """An environment in which storage is down and a bundle is baked in."""
    registry = registry_with(1)
    LocalCopy(tmp_path / "baked").keep(registry.current_release()[1], registry)
    return {
        **ENVIRON,
        **DOWN,
        "URGENCY_BAKED_BUNDLE": str(tmp_path / "baked"),
        "CLOUDSDK_CONFIG": str(tmp_path),
    }


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Pocket]:
    with pocket(tmp_path / "cloud") as running:
        yield running


def test_the_service_follows_the_registry_of_a_cloud_as_its_own_identity(
    cloud: Pocket, tmp_path: Path
):
    registry = cloud_registry(cloud)
    release(registry, put_model(registry, 1))
    with service_process(cloud_environ(cloud), tmp_path) as service:
        answer = requests.post(f"{service.url}/v1/predict", json=URGENT_TICKET, timeout=5)
        assert (answer.json()["label"], answer.headers["X-Model-Version"]) == ("urgent", "1")
        release(registry, put_model(registry, 2, strength=2.0))
        token = {"Authorization": f"Bearer {cloud.identity.id_token(CALLER, AUDIENCE)}"}
        answer = requests.post(f"{service.url}/v1/model:reload", headers=token, timeout=5)
        assert answer.json() == {"status": "reloaded", "epoch": 2, "version": 2}
        assert [
            model["version"]
            for model in requests.get(f"{service.url}/v1/models", timeout=5).json()["models"]
        ] == [
            2,
            1,
        ]
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
            assert client.post(f"{service.url}/predict", data=body, timeout=10).status_code in (
                status,
                422,
            )
        chunked = client.post(
            f"{service.url}/predict", data=(b" " * 100_000 for _ in range(20)), timeout=10
        )
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
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        while ask(connection):
            asked.append(host)


def ask_on_new_connections(host: str, asked: list[str], stop: threading.Event) -> None:
    """Ask anew until `stop`; what was begun before is awaited."""
    while not stop.is_set():
        with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
            ask(connection)
        asked.append(host)


def test_sigterm_closes_no_connection_that_was_not_told_so(baked: dict[str, str], tmp_path: Path):
    asked: list[str] = []
    with service_process(baked, tmp_path) as service, ThreadPoolExecutor(12) as clients:
        host = service.url.removeprefix("http://")
        running = [clients.submit(ask_on_one_connection, host, asked) for _ in range(12)]
        eventually(lambda: len(asked) > 100)
        assert service.terminate() == 0
        for client in running:
            client.result(10)


def test_sigterm_under_load_loses_no_request_in_flight(baked: dict[str, str], tmp_path: Path):
    asked: list[str] = []
    stop = threading.Event()
    with service_process(baked, tmp_path) as service, ThreadPoolExecutor(24) as clients:
        host = service.url.removeprefix("http://")
        running = [clients.submit(ask_on_new_connections, host, asked, stop) for _ in range(24)]
        eventually(lambda: len(asked) > 100)
        stop.set()  # as Cloud Run stops sending requests before it sends SIGTERM
        assert service.terminate() == 0
        for client in running:
            client.result(10)


def test_an_idle_connection_does_not_hold_up_the_end(baked: dict[str, str], tmp_path: Path):
    with service_process(baked, tmp_path) as service, requests.Session() as client:
        assert client.post(f"{service.url}/predict", json=URGENT_TICKET, timeout=5).ok
        assert service.terminate(timeout_s=6) == 0


def test_a_missing_setting_stops_the_server_with_one_sentence(tmp_path: Path):
    environ = {name: value for name, value in ENVIRON.items() if name != "URGENCY_CONTROL_BUCKET"}
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        str(CHECKOUT / "service" / "gunicorn.conf.py"),
    ]
    environ["PYTHONPATH"] = str(CHECKOUT)
    ended = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 2
    assert (
        ended.stderr.strip()
        == "URGENCY_CONTROL_BUCKET is not set: bucket of the release pointer and the lease."
    )
