"""The job's last step, against a real server, a dead one and one that hangs."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.auth import jwt
from google.cloud import storage

from infra.local.server import free_ports
from jobs.tracking import QUIET
from jobs.tracking.track import IMPATIENT, TRACKED, track_all
from tests.jobs.tracking.tracking_world import (
    NAME,
    champion_says,
    mlflow_server,
    put_reported_model,
    runs,
    service_says,
    versions,
)
from tests.support.cloud.pocket import pocket
from tests.support.cloud.whole_cloud import Cloud, cloud
from tests.support.job.job_process import job_environment, train
from tests.support.models import put_model, registry_with, release
from tests.support.waiting import eventually
from urgency.errors import Conflict, Unavailable
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT, CloudBucket

pytestmark = pytest.mark.filterwarnings("ignore")  # mlflow's imports warn about its dependencies

CHECKOUT = Path(__file__).parents[3]
PASSWORD = "secret-of-the-server"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the step sets is undone after each test."""
    for name in (*QUIET, *IMPATIENT):
        monkeypatch.setenv(name, "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow") / "server") as uri:
        yield uri


@pytest.fixture
def nobody() -> str:
    """An address that nothing answers at."""
    return f"http://user:{PASSWORD}@127.0.0.1:{free_ports(1)[0]}"


def tracked(registry: Registry, uri: str, bound_s: float = 120.0) -> list[dict[str, Any]]:
    """The lines that one step logs; the bound is generous, for a busy machine."""
    stream = io.StringIO()
    settings = Settings(mlflow_tracking_uri=uri)
    track_all(settings, registry, Log(stream=stream), bound_s=bound_s)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def events(registry: Registry, uri: str) -> list[str]:
    return [line["message"] for line in tracked(registry, uri)]


@pytest.mark.slow
def test_a_server_gets_each_version_once_and_serves_the_champion_back(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    registry, client = registry_with(), MlflowClient(server, server)
    release(registry, put_reported_model(registry, 1))
    assert events(registry, server) == ["tracked"]
    assert events(registry, server) == []
    second = put_model(registry, 2)
    assert events(registry, server) == ["tracked"]
    release(registry, second)
    assert events(registry, server) == ["tracked"]
    assert [run.data.tags["n"] for run in runs(client)] == versions(client) == ["1", "2"]
    first, _ = runs(client)
    assert {"train_recall", "validation_recall", "test_recall"} < first.data.metrics.keys()
    files = [file.path for file in client.list_artifacts(first.info.run_id)]
    assert files == ["card.html", "figures", "model"]
    assert client.get_model_version_by_alias(NAME, "champion").tags["n"] == "2"
    assert champion_says(server, monkeypatch) == service_says(registry)


@pytest.mark.slow
def test_a_damaged_hint_is_replaced_and_one_of_another_server_does_not_count(server: str) -> None:
    registry = registry_with(1)
    registry.control.put(TRACKED, b"{", ABSENT)
    assert events(registry, server) == ["tracked"]
    assert events(registry, f"{server}/") == ["tracked"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "event"),
    [
        (Unavailable("storage is down"), "tracking_failed"),
        (Conflict("another run was first"), "tracked_by_another_run"),
    ],
)
def test_trouble_with_the_hint_is_one_line(server: str, error: Exception, event: str) -> None:
    registry = registry_with(1)

    def fail(when: str) -> None:
        if when == f"before put {TRACKED}":
            raise error

    registry.control.fault = fail  # type: ignore[attr-defined]
    assert events(registry, server) == [event]


def test_a_server_that_nobody_runs_is_one_warning_without_its_password(nobody: str) -> None:
    registry = registry_with(1)
    (line,) = tracked(registry, nobody)
    assert (line["severity"], line["message"]) == ("WARNING", "tracking_failed")
    assert "MLFLOW_TRACKING_URI" in line["reason"]
    assert PASSWORD not in line["reason"]
    assert registry.control.get(TRACKED) is None


def test_a_server_that_hangs_is_given_up_at_the_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (line,) = tracked(registry_with(1), uri, bound_s=0.5)
    assert line["reason"] == "MLflow was given up after 0.5 s."
    hanging = {thread for thread in threading.enumerate() if thread.name.endswith("(_track)")}
    assert all(thread.daemon for thread in hanging), "the process would not end"
    eventually(lambda: not any(thread.is_alive() for thread in hanging), timeout_s=60)


def test_the_hint_holds_no_address_since_it_may_hold_a_password(server: str) -> None:
    registry = registry_with(1)
    assert events(registry, server.replace("//", f"//user:{PASSWORD}@")) == ["tracked"]
    stored = registry.control.get(TRACKED)
    assert stored
    assert PASSWORD.encode() not in stored.body


def test_with_nothing_committed_no_server_is_asked(nobody: str) -> None:
    assert tracked(registry_with(), nobody) == []


@pytest.mark.slow
def test_training_and_release_are_unharmed_by_a_server_that_hangs(tmp_path: Path) -> None:
    with cloud(tmp_path) as place, socket.create_server(("127.0.0.1", 0)) as silent:
        landing, registry, control = (bucket(place, n) for n in ("landing", "registry", "control"))
        landing.put("incoming/tickets.csv", (CHECKOUT / "data/tickets.csv").read_bytes(), ABSENT)
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ended = train(job_environment(place) | {"MLFLOW_TRACKING_URI": uri})
        champion = Registry(registry, control).current_release()[1].champion
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    warnings = [line["message"] for line in lines if line["severity"] != "INFO"]
    assert (ended.returncode, champion, warnings) == (0, 1, ["tracking_failed"])
    assert lines[-1]["message"] == "tracking_failed", "nothing waits for MLflow"


def bucket(place: Cloud, kind: str) -> CloudBucket:
    """One of the buckets, as an operator sees it."""
    client = storage.Client(place.wiring.project, **place.options())
    [name] = [name for name in place.wiring.buckets if name.endswith(kind)]
    return CloudBucket(client, name, timeout_s=10)


NO_SERVER = """
import os, sys
from tests.support.models import registry_with
import jobs.__main__ as job
from urgency.logs import Log
from urgency.settings import read_settings
registry = registry_with(1)
registry.control.calls.clear()
job.track_all(read_settings(os.environ), registry, Log())
print(*registry.control.calls, *(name for name in ("mlflow", "pandas") if name in sys.modules))
"""


def test_without_a_server_nothing_is_read_or_written_and_mlflow_is_not_imported() -> None:
    environment = os.environ | {"MLFLOW_TRACKING_URI": ""}
    said = subprocess.run(
        [sys.executable, "-c", NO_SERVER],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (said.stdout.strip(), said.stderr) == ("", "")


def test_a_private_server_on_cloud_run_is_shown_an_id_token_of_the_job_for_its_address(
    tmp_path: Path,
) -> None:
    uri = "https://mlflow-1.us-central1.run.app"
    with pocket(tmp_path) as running:
        job = running.identity.environment("urgency-train", running.address)
        token, *none = (token_for(address, job) for address in (uri, "https://mlflow.example"))
    claims = jwt.decode(token, verify=False)
    assert claims["aud"] == uri
    assert claims["email"].startswith("urgency-train@")
    assert none == ["none"]


def token_for(uri: str, job: dict[str, str]) -> str:
    """What a process of the job would show to MLflow at `uri`."""
    script = (
        f"import os; from jobs.tracking.track import identify; identify({uri!r});"
        " print(os.environ.get('MLFLOW_TRACKING_TOKEN', 'none'))"
    )
    command = (sys.executable, "-c", script)
    environment = os.environ | job
    return subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=CHECKOUT, env=environment
    ).stdout.strip()
