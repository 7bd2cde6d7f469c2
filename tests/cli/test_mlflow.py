"""`urgency mlflow` as a real process: what it says when, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from google.cloud import storage

from cli.verbs.mlflow import _wait_for
from infra.local.containers import operator_environment
from infra.local.processes import answers, launch, stop_all
from infra.local.server import free_ports
from tests.infra.committed import committed
from tests.jobs.tracking.tracking_world import put_reported_model
from tests.support.cloud.live_stack import CHECKOUT, user_environment
from tests.support.cloud.programs import is_alive
from tests.support.cloud.whole_cloud import Cloud, cloud
from tests.support.models import release
from tests.support.waiting import eventually
from urgency.errors import Unavailable
from urgency.registry import Registry
from urgency.store import CloudBucket


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An operator's, in a project with one released version."""
    folder = tmp_path_factory.mktemp("mlflow")
    with cloud(folder / "cloud") as place:
        registry = Registry(bucket(place, "registry"), bucket(place, "control"))
        release(registry, put_reported_model(registry, 1))
        identity = place.identity.environment("operator", place.url.removeprefix("http://"))
        operator = operator_environment(
            place.wiring, pocket=place.url, service=place.url, identity=identity
        )
        yield user_environment(folder) | operator | {"URGENCY_HOME": str(folder / "home")}


def bucket(place: Cloud, kind: str) -> CloudBucket:
    client = storage.Client(place.wiring.project, **place.options("urgency-train"))
    [name] = [name for name in place.wiring.buckets if name.endswith(kind)]
    return CloudBucket(client, name, timeout_s=10)


@contextmanager
def verb(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "cli", "mlflow", "--port", str(port)]
    pipe = subprocess.PIPE
    # A suite in the background of a shell ignores SIGINT, and its children would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdout=pipe, stderr=pipe, text=True
    ) as process:
        signal.signal(signal.SIGINT, before)
        yield process
        process.kill()


def family(pid: int) -> list[int]:
    """The processes that this one has started, and theirs."""
    found = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    parents = dict(map(int, line.split()) for line in found.stdout.splitlines())
    started = [child for child, parent in parents.items() if parent == pid]
    return [each for child in started for each in (child, *family(child))]


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_page_answers_when_it_is_named_and_nothing_outlives_the_verb(
    environment: dict[str, str], signum: signal.Signals
) -> None:
    (port,) = free_ports(1)
    with verb(environment, port) as process:
        assert process.stdout
        sentence = process.stdout.readline()
        page = sentence.removeprefix("MLflow answers at ").partition(";")[0]
        assert page.startswith(f"http://127.0.0.1:{port}/#/experiments/"), sentence
        with urlopen(page, timeout=60) as answer:
            assert answer.status == 200
        started = family(process.pid)
        assert len(workers(started)) == 1
        process.send_signal(signum)
        code = process.wait(60)
    assert (code == 0) == (signum == signal.SIGINT)
    eventually(lambda: not any(is_alive(pid) for pid in started), timeout_s=60)
    eventually(lambda: not answers(port), timeout_s=60)  # the last thread to go closes the port


def workers(pids: list[int]) -> list[str]:
    listed = ["ps", "-o", "args=", "-p", ",".join(map(str, pids))]
    shown = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if "uvicorn" in line or "spawn" in line]


def test_a_port_that_is_in_use_is_named_before_anything_is_built(
    environment: dict[str, str],
) -> None:
    taken = environment["URGENCY_STORAGE_ENDPOINT"].rpartition(":")[2]
    with verb(environment, int(taken)) as process:
        said = process.communicate()[1]
    assert (process.returncode, said) == (
        2,
        f"Port {taken} is in use: choose another one with --port.\n",
    )


def test_a_named_server_is_named_and_nothing_is_started(environment: dict[str, str]) -> None:
    server = {"MLFLOW_TRACKING_URI": "https://mlflow.example"}
    with verb(environment | server, free_ports(1)[0]) as process:
        said = process.communicate()[0]
    assert (process.returncode, said) == (
        0,
        "The tracking server is https://mlflow.example; open it in a browser.\n",
    )


def test_a_projects_private_server_is_brought_here_by_gcloud(
    environment: dict[str, str], tmp_path: Path
) -> None:
    outputs, port = committed("everything")["outputs"], free_ports(1)[0]
    server = {"URGENCY_MLFLOW_SERVICE": outputs["settings"]["URGENCY_MLFLOW_SERVICE"]}
    path = {"PATH": f"{tmp_path}:{Path(sys.executable).parent}"}
    with verb(environment | server | path, port) as process:
        said = process.communicate()
    assert process.returncode == 2
    assert "gcloud is not installed here" in said[1]
    (tmp_path / "gcloud").write_text('#!/bin/sh\necho "$@"; exit 3\n')
    (tmp_path / "gcloud").chmod(0o755)
    with verb(environment | server | path, port) as process:
        named, command, ran = process.communicate()[0].splitlines()
    assert process.returncode == 3
    assert f"http://127.0.0.1:{port}" in named
    assert command.strip() == f"gcloud {ran}"
    project = environment["URGENCY_PROJECT"]
    shown = outputs["mlflow"].replace("helpdesk-prod", project)
    shown = shown.replace("europe-west1", environment["URGENCY_REGION"])
    assert f"gcloud {ran}" == shown.replace("5000", str(port))


def test_a_server_that_ends_instead_of_starting_is_an_error_that_names_its_log(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    server = launch(command, os.environ, tmp_path, tmp_path / "server.log")
    with pytest.raises(Unavailable, match=r"MLflow did not start; the end of .*server\.log"):
        _wait_for(f"http://127.0.0.1:{free_ports(1)[0]}/", server, tmp_path)
    stop_all([server], 0.1)
