"""A registry in memory, the tracking code that serves it, and what people see of the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jobs.tracking.mlflow_view import open_tracking_store
from tests.support.models import registry_with
from urgency.store import ABSENT

NAME = "ticket-urgency"


class World:
    """A registry in memory and the tracking code, which writes nothing outside `folder`."""

    def __init__(self, folder: Path, database: bytes) -> None:
        self.folder = folder
        self.registry = registry_with()
        if database:
            self.registry.control.put("mlflow.db", database, ABSENT)

    def track(self, uri: str = "") -> None:
        from jobs.tracking.mlflow_log import track

        scratch = self.folder / f"scratch-{len(list(self.folder.iterdir()))}"
        scratch.mkdir()
        track(self.registry, uri, scratch)

    def database(self) -> bytes:
        stored = self.registry.control.get("mlflow.db")
        assert stored is not None
        return stored.body  # type: ignore[union-attr]

    def opened(self) -> Any:
        """A client on the store as people see it."""
        from mlflow import MlflowClient

        uri = open_tracking_store(
            self.registry, self.folder / f"view-{len(list(self.folder.iterdir()))}"
        )
        return MlflowClient(uri, uri)


def runs(client: Any) -> list[Any]:
    experiment = client.get_experiment_by_name(NAME)
    return sorted(
        client.search_runs([experiment.experiment_id]), key=lambda run: int(run.data.tags["n"])
    )


def versions(client: Any) -> list[str]:
    return sorted(version.tags["n"] for version in client.search_model_versions(f"name = '{NAME}'"))
