"""The optional tracking server takes Terraform's arguments and refuses unknown hosts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from infra.local.server import free_ports
from jobs.tracking.track import QUIET
from tests.support.waiting import eventually

TEXT = (Path(__file__).parents[2] / "infra/mlflow.tf").read_text()
HOST = "mlflow-123456789012.us-central1.run.app"


def server_arguments(port: int, store: Path) -> list[str]:
    """Those of the container, with this machine's port and a file in the place of the database."""
    [arguments] = re.findall(r'args = \[\n\s+("server".*?)\n\s+\]', TEXT, re.S)
    told = ["server", *re.findall(r'"(--[^"]*)"', arguments)]
    ours = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--backend-store-uri": f"sqlite:///{store}",
        "--allowed-hosts": f"{HOST},mlflow-*.a.run.app",
    }
    pairs = [argument.partition("=") for argument in told]
    return [f"{name}{sign}{ours.get(name, value)}" for name, sign, value in pairs]


@pytest.mark.slow
def test_it_starts_as_it_is_told_to_and_answers_to_its_two_names_only(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"

    def status(host: str, path: str = "/api/2.0/mlflow/experiments/search?max_results=1") -> int:
        return requests.get(url + path, headers={"Host": host}, timeout=60).status_code

    def answers() -> bool:
        assert server.poll() is None
        try:
            return status("10.0.0.1", "/health") == 200  # the platform's probe knows no name
        except requests.ConnectionError:
            return False

    mlflow = [sys.executable, "-W", "ignore", "-m", "mlflow"]
    command = [*mlflow, *server_arguments(port, tmp_path / "mlflow.db")]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | QUIET
    server = subprocess.Popen(
        command, cwd=tmp_path, env=environment, start_new_session=True, **silent
    )
    try:
        eventually(answers, 120)
        assert status(HOST) == status("mlflow-abc123-uc.a.run.app") == 200
        assert status("evil.example") == 403
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)  # it has workers of its own
        server.wait()


def test_the_hosts_that_are_tried_are_those_of_the_configuration() -> None:
    assert '"--allowed-hosts=${local.mlflow_host},mlflow-*.a.run.app"' in TEXT
    assert '"mlflow-${local.project_number}.${var.region}.run.app"' in TEXT
    assert "pg8000" in (Path(__file__).parents[2] / "jobs/requirements.txt").read_text()
