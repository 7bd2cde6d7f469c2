"""Versions with a report, a real MLflow server, and what people see in a store."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from infra.local.processes import launch, stop_all
from infra.local.server import free_ports
from jobs.tracking import QUIET
from tests.support.models import URGENT_TICKET, put_model, registry_with
from tests.support.waiting import eventually
from urgency.bundle import CARD, METRICS, Manifest, canonical_json
from urgency.registry import Registry
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket

NAME = "ticket-urgency"
SIDES = {
    side: {"rows": 200.0, "base_rate": 0.3, "accuracy": 0.9, "recall": 0.8, "precision": 0.7}
    for side in ("train", "validation", "test")
}
REPORT = {
    "c": 4.0,
    "metrics": SIDES,
    "curve": [[1.0, 0.3], [0.5, 0.9], [0.0, 1.0]],
    "reliability": [{"rows": 200.0, "probability": 0.3, "urgent": 0.3}],
}


def put_reported_model(registry: Registry, version: int) -> Manifest:
    """A small model as the job commits one: with metrics of every side, their report and a card."""
    elsewhere = registry_with()
    small = put_model(elsewhere, version, metrics=SIDES)
    bodies = {name: elsewhere.blob(sha256) for name, sha256 in small.parts.items()}
    bodies |= {METRICS: canonical_json(REPORT), CARD: b"<h1>A card</h1>"}
    parts = {name: registry.put_blob(body) for name, body in bodies.items()}
    return registry.commit(replace(small, parts=parts))


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """The address of a real server that keeps runs and files in `folder`."""
    folder.mkdir()
    (port,) = free_ports(1)
    store = ("--backend-store-uri", f"sqlite:///{folder}/mlflow.db")
    files = ("--artifacts-destination", str(folder / "artifacts"))
    where = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    command = (sys.executable, "-W", "ignore", "-m", "mlflow", "server", *where, *store, *files)
    server = launch(command, os.environ | QUIET, folder, folder / "server.log")
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/health"), timeout_s=120)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop_all([server], 1.0)


def answers(url: str) -> bool:
    """Whether a page is there."""
    try:
        with urlopen(url, timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def runs(client: Any) -> list[Any]:
    """Every run of the experiment, by version."""
    experiment = client.get_experiment_by_name(NAME)
    found = client.search_runs([experiment.experiment_id])
    return sorted(found, key=lambda run: int(run.data.tags["n"]))


def versions(client: Any) -> list[str]:
    """The registry's number of each registered version, in MLflow's order."""
    found = client.search_model_versions(f"name = '{NAME}'")
    return [found.tags["n"] for found in sorted(found, key=lambda version: int(version.version))]


def champion_says(uri: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What somebody gets who has nothing but the tracking URI."""
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", uri)
    model = mlflow.pyfunc.load_model("models:/ticket-urgency@champion")
    return model.predict(pd.DataFrame([URGENT_TICKET])).to_dict("records")


def service_says(registry: Registry) -> Any:
    """What the service answers."""
    scorer = Scorer(registry.bundle(registry.current_release()[1].champion))
    probability = scorer.probability(normal_ticket(**URGENT_TICKET))
    return [{"label": "urgent", "probability": probability}]
