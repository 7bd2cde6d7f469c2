"""The optional tracking server takes Terraform's arguments and refuses unknown hosts."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import requests

from infra.local.processes import launch, stop_all
from infra.local.server import free_ports
from jobs.tracking import QUIET
from tests.support.waiting import eventually

INFRA = Path(__file__).parents[2] / "infra"
TEXT = (INFRA / "mlflow.tf").read_text()
HOST = "mlflow-123456789012.us-central1.run.app"


def server_arguments(port: int, folder: Path) -> list[str]:
    """Those of the container, with this machine's port and a file in place of the database."""
    [arguments] = re.findall(r'args = \[\n\s+("server".*?)\n\s+\]', TEXT, re.S)
    written = ["server", *re.findall(r'"(--[^"]*)"', arguments)]
    ours = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--backend-store-uri": f"sqlite:///{folder}/mlflow.db",
        "--allowed-hosts": f"{HOST},mlflow-*.a.run.app",
    }
    pairs = [argument.partition("=") for argument in written]
    return [f"{name}{sign}{ours.get(name, value)}" for name, sign, value in pairs]


@pytest.mark.slow
def test_it_starts_with_terraforms_arguments_and_answers_to_its_two_names_only(
    tmp_path: Path,
) -> None:
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

    command = [sys.executable, "-W", "ignore", "-m", "mlflow", *server_arguments(port, tmp_path)]
    server = launch(command, os.environ | QUIET, tmp_path, tmp_path / "server.log")
    try:
        eventually(answers, 120)
        assert status(HOST) == status("mlflow-abc123-uc.a.run.app") == 200
        assert status("evil.example") == 403
    finally:
        stop_all([server], 1.0)


def test_the_hosts_that_are_tried_are_those_of_the_configuration() -> None:
    assert '"--allowed-hosts=${local.mlflow_host},${var.name_prefix}mlflow-*.a.run.app"' in TEXT
    assert '"${var.name_prefix}mlflow-${local.project_number}.${var.region}.run.app"' in TEXT


def test_its_image_has_the_drivers_and_the_mlflow_of_the_jobs_client() -> None:
    served, used = (pins(f"{part}/requirements.txt") for part in ("infra/mlflow", "jobs"))
    assert "postgresql+pg8000://" in TEXT
    assert "pg8000" in served
    assert served["mlflow"] == served["mlflow-skinny"] == used["mlflow-skinny"]
    assert not {"mlflow", "sqlalchemy", "pg8000"} & used.keys()


def pins(file: str) -> dict[str, set[str]]:
    """Package -> its versions, one for each environment."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)==([\w.]+)", (INFRA.parent / file).read_text(), re.M
    ):
        found.setdefault(name, set()).add(version)
    return found
