"""The tracking store in the control bucket: how it names things, and how it is opened for people."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jobs.tracking.mlflow_model import lay_out
from urgency.errors import Gone
from urgency.registry import Registry

DATABASE = "mlflow.db"

ARTIFACTS = "mlflow-artifacts:/ticket-urgency"
"""What runs in the bucket's database say of their artefacts, which stay in the registry."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest as the registry's listing names it; the checksum tells a registry that was begun
    again from before.
    """

    version: int
    crc32c: str

    @property
    def tags(self) -> dict[str, str]:
        """By these a registered model version and its run are known to be of this manifest."""
        return {"n": str(self.version), "manifest_crc32c": self.crc32c}


def stored_versions(registry: Registry) -> list[Stored]:
    """Every committed version, oldest first, from one listing."""
    return [
        Stored(int(Path(found.name).stem), found.crc32c)
        for found in registry.objects.list("models/")
    ]


def open_tracking_store(registry: Registry, folder: Path) -> str:
    """Tracking URI of a copy below `folder`, with every model laid out: for `mlflow ui` and
    `mlflow.pyfunc.load_model`.

    What is written into the copy stays there.   Raises Gone when nothing was tracked yet.
    """
    stored = registry.control.get(DATABASE)
    if stored is None:
        raise Gone("No version was tracked yet; drop a CSV first.")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database, artifacts = folder / DATABASE, folder / "artifacts"
    database.write_bytes(stored.body)
    there = stored_versions(registry)
    for run, stored_version in _mounted(database, artifacts):
        model = artifacts / run / "artifacts" / "model"
        if stored_version in there and not (model / "MLmodel").exists():
            lay_out(registry, stored_version.version, model)
    return f"sqlite:///{database}"


def _mounted(database: Path, artifacts: Path) -> list[tuple[str, Stored]]:
    """Each run and its version, after the copy was told where its artefacts are on this machine."""
    with closing(sqlite3.connect(database)) as copy, copy:
        here = (ARTIFACTS, artifacts.as_uri())
        copy.execute("UPDATE experiments SET artifact_location = ?", here[1:])
        copy.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", here)
        copy.execute("UPDATE model_versions SET source = replace(source, ?, ?)", here)
        copy.execute("UPDATE model_versions SET storage_location = source")
        runs = copy.execute(
            "SELECT run_uuid, n.value, crc.value FROM tags AS n JOIN tags AS crc USING (run_uuid) "
            "WHERE n.key = 'n' AND crc.key = 'manifest_crc32c'"
        )
        return [(run, Stored(int(n), crc32c)) for run, n, crc32c in runs]
