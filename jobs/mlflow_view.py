"""The tracking store of the control bucket, opened for people: its database and the models that its runs point at."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from jobs.mlflow_model import lay_out
from urgency.errors import Gone
from urgency.registry import Registry
from urgency.store import Unchanged

DATABASE = "mlflow.db"

ARTIFACTS = "mlflow-artifacts:/ticket-urgency"
"""What runs in the bucket's database say of their artefacts, which stay in the registry."""


def open_tracking_store(registry: Registry, folder: Path) -> str:
    """Tracking URI of a copy below `folder`, with every model laid out: for `mlflow ui` and `mlflow.pyfunc.load_model`.

    What is written into the copy stays there.   Raises Gone when nothing was tracked yet.
    """
    stored = registry.control.get(DATABASE)
    if stored is None or isinstance(stored, Unchanged):
        raise Gone("No version was tracked yet; drop a CSV first.")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database, artifacts = folder / DATABASE, folder / "artifacts"
    database.write_bytes(stored.body)
    for run, version in _mounted(database, artifacts):
        model = artifacts / run / "artifacts" / "model"
        if not (model / "MLmodel").exists():
            lay_out(registry, version, model)
    return f"sqlite:///{database}"


def _mounted(database: Path, artifacts: Path) -> list[tuple[str, int]]:
    """Run and version of each model, after the copy was told where its artefacts are on this machine."""
    with closing(sqlite3.connect(database)) as copy, copy:
        here = (ARTIFACTS, artifacts.as_uri())
        copy.execute("UPDATE experiments SET artifact_location = ?", here[1:])
        copy.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", here)
        copy.execute("UPDATE model_versions SET source = replace(source, ?, ?)", here)
        copy.execute("UPDATE model_versions SET storage_location = source")
        runs = copy.execute(
            "SELECT run_uuid, value FROM tags JOIN runs USING (run_uuid) WHERE key = 'n' AND lifecycle_stage = 'active'"
        )
        return [(run, int(version)) for run, version in runs]
