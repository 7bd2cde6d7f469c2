"""The real process, from its start to its end, on the pocket cloud and on a real MLflow server."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from google.auth import jwt

from infra.local.server import free_ports
from jobs.tracking.mlflow_view import open_tracking_store
from jobs.tracking.track import QUIET, track_all
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, release
from tests.support.storage.store_worlds import cloud_bucket
from tests.support.waiting import eventually
from urgency.logs import Log
from urgency.registry import Registry
from urgency.scorer import Scorer
from urgency.settings import read_settings
from urgency.ticket import normal_ticket

CHECKOUT = Path(__file__).parents[3]

PREDICT = """
import json, sys
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/ticket-urgency@champion")
print(model.predict(pandas.DataFrame(json.loads(sys.argv[2]))).to_json(orient="records", double_precision=15))
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pocket]:
    """A pocket cloud and this process's environment as the training job has it there."""
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    with pocket(tmp_path / "home") as running:
        metadata = f"{running.address}/as/urgency-train"
        environment = {
            "URGENCY_PROJECT": running.wiring.project,
            "URGENCY_REGISTRY_BUCKET": running.bucket("registry"),
            "URGENCY_CONTROL_BUCKET": running.bucket("control"),
            "URGENCY_STORAGE_ENDPOINT": running.url,
            "GCE_METADATA_HOST": metadata,
            "GCE_METADATA_IP": metadata,
            "CLOUDSDK_CONFIG": str(tmp_path / "no-gcloud"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield running
    assert not list((tmp_path / "working").iterdir()), "MLflow wrote into the working directory"


def registry_of(world: Pocket) -> Registry:
    client = world.client("urgency-train")
    registry = Registry(
        *(cloud_bucket(client, world.bucket(name)) for name in ("registry", "control"))
    )
    release(registry, put_model(registry, 1))
    return registry


def tracked(registry: Registry, uri: str = "") -> tuple[dict[str, Any], float]:
    """The one line that a step logs, and its duration in seconds."""
    stream, began = io.StringIO(), time.monotonic()
    track_all(
        replace(read_settings(os.environ), mlflow_tracking_uri=uri), registry, Log(stream=stream)
    )
    return json.loads(stream.getvalue()), time.monotonic() - began


def predicted(uri: str) -> Any:
    """What somebody gets who has nothing but the tracking URI."""
    command = (sys.executable, "-W", "ignore", "-c", PREDICT, uri, json.dumps([URGENT_TICKET]))
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, env=os.environ | QUIET).stdout
    )


def expected(registry: Registry) -> Any:
    probability = Scorer(registry.bundle(1)).probability(normal_ticket(**URGENT_TICKET))
    return [{"label": "urgent", "probability": pytest.approx(probability, abs=1e-14)}]


def test_a_version_is_tracked_in_the_control_bucket_and_loads_from_the_opened_store(
    world: Pocket, tmp_path: Path
) -> None:
    registry = registry_of(world)
    line, _duration_s = tracked(registry)
    assert (line["message"], line["versions"]) == ("tracked", 1)
    assert predicted(open_tracking_store(registry, tmp_path / "view")) == expected(registry)


def test_a_server_that_nobody_runs_costs_little_and_is_one_warning_without_its_password(
    world: Pocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"http://user:secret@127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    line, duration_s = tracked(registry_of(world), uri)
    assert line["message"] == "tracking_failed"
    assert "MLFLOW_TRACKING_URI" in line["reason"]
    assert "secret" not in line["reason"]
    assert duration_s < 30


def test_a_private_server_on_cloud_run_is_shown_an_id_token_of_the_job_for_its_address(
    world: Pocket,
) -> None:
    uri = "https://mlflow-1.us-central1.run.app"
    claims = jwt.decode(token_for(uri), verify=False)
    assert claims["aud"] == uri
    assert claims["email"].startswith("urgency-train@")
    assert token_for("https://mlflow.example") == token_for("") == "none"


def token_for(uri: str) -> str:
    """What a process of the job would show to MLflow at `uri`."""
    script = (
        "import os, jobs.tracking.mlflow_log as log; log.identify({!r}, os.environ);"
        " print(os.environ.get({!r}, 'none'))"
    )
    command = (sys.executable, "-W", "ignore", "-c", script.format(uri, "MLFLOW_TRACKING_TOKEN"))
    return subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=CHECKOUT
    ).stdout.strip()


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up_within_the_bound(
    world: Pocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        line, duration_s = tracked(registry_of(world), uri)
    assert line["message"] == "tracking_failed"
    assert duration_s < 35


@pytest.mark.slow
def test_a_real_server_gets_the_run_with_its_model_and_serves_it_back(
    world: Pocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_of(world)
    with mlflow_server(tmp_path / "server") as uri:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        assert tracked(registry, uri)[0]["message"] == "tracked"
        assert predicted(uri) == expected(registry)


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    folder.mkdir()
    port = free_ports(1)[0]
    store = (
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    )
    where = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    server = subprocess.Popen(
        (sys.executable, "-W", "ignore", "-m", "mlflow", "server", *where, *store),
        cwd=folder,
        env=os.environ | QUIET,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually(lambda: _answers(f"http://127.0.0.1:{port}/health"), timeout_s=120)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # it has workers of its own
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
