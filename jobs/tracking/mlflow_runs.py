"""Manifests as MLflow runs and registered model versions.

A registered model version is the commit point of logging: a run without one is what a killed
process left behind. MLflow knows no create-once, so two processes may log a version at the same
time; the lower number stays.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param

from jobs.tracking.mlflow_model import lay_out
from jobs.tracking.mlflow_view import ARTIFACTS, Stored, stored_versions
from urgency.bundle import Manifest
from urgency.errors import Gone
from urgency.registry import Registry

NAME, CHAMPION = "ticket-urgency", "champion"

BATCH = 25
"""Versions logged at once, so that a bound in time never undoes everything."""

TAG_MAX, DIGEST_MAX = 5000, 36
"""Characters that MLflow takes."""


def log_missing(client: MlflowClient, registry: Registry, folder: Path) -> int:
    """Log the oldest missing versions, a batch at most, and return how many are left; the alias
    follows the pointer.

    `folder` is for temporary files.   Raises MlflowException.
    """
    experiment = _experiment(client)
    stored = stored_versions(registry)
    known = _known(client)
    missing = [manifest for manifest in stored if manifest not in known]
    for manifest in missing[:BATCH]:
        _log(client, experiment, registry, manifest, folder)
        known[manifest] = _keep_first(client, experiment, manifest)
    _follow_champion(
        client,
        registry,
        {manifest.version: known[manifest] for manifest in stored if manifest in known},
    )
    return len(missing[BATCH:])


def _experiment(client: MlflowClient) -> str:
    """Id of the experiment; it and the registered model are made where they are not there yet."""
    if not client.search_registered_models(f"name = '{NAME}'"):
        client.create_registered_model(NAME)
    found = client.get_experiment_by_name(NAME)
    if found:
        return str(found.experiment_id)
    return str(
        client.create_experiment(NAME, artifact_location=None if _is_server(client) else ARTIFACTS)
    )


def _is_server(client: MlflowClient) -> bool:
    return urlsplit(client.tracking_uri).scheme in ("http", "https")


def _known(client: MlflowClient) -> dict[Stored, str]:
    """MLflow's number of each version that it has."""
    known: dict[Stored, str] = {}
    page = None
    while page is None or page.token:
        page = client.search_model_versions(f"name = '{NAME}'", page_token=page and page.token)
        ours = (
            found for found in page if "manifest_crc32c" in found.tags
        )  # people may register models too
        known |= {
            Stored(int(found.tags["n"]), found.tags["manifest_crc32c"]): str(found.version)
            for found in ours
        }
    return known


def _log(
    client: MlflowClient, experiment: str, registry: Registry, stored: Stored, folder: Path
) -> None:
    manifest = registry.manifest(stored.version)
    if manifest is None:
        raise Gone(f"Version {stored.version} was listed and is not in the registry.")
    at = int(datetime.fromisoformat(manifest.created_at).timestamp() * 1000)
    run = client.create_run(
        experiment, at, stored.tags | _tags(manifest), f"version {manifest.version}"
    ).info
    metrics = [Metric(name, value, at, 0) for name, value in _metrics(manifest).items()]
    params = [Param(name, str(value)) for name, value in _params(manifest).items()]
    client.log_batch(run.run_id, metrics=metrics, params=params)
    client.log_inputs(run.run_id, [DatasetInput(_dataset(manifest))])
    if _takes_files(client, run.artifact_uri):
        model = folder / f"model-{manifest.version}"
        lay_out(registry, manifest.version, model)
        client.log_artifacts(run.run_id, str(model), "model")
    client.set_terminated(run.run_id, end_time=at)
    verdict = f"{manifest.verdict.decision}: {' '.join(manifest.verdict.reasons)}"
    client.create_model_version(
        NAME,
        f"{run.artifact_uri}/model",
        run.run_id,
        stored.tags,
        description=f"Version {manifest.version}. {verdict}",
    )


def _takes_files(client: MlflowClient, artifact_uri: str) -> bool:
    """Whether artefacts travel to a server's store; a folder would be one of this machine, which
    nobody looks into.
    """
    return _is_server(client) and urlsplit(artifact_uri).scheme not in ("", "file")


def _keep_first(client: MlflowClient, experiment: str, stored: Stored) -> str:
    """MLflow's number of a version, after what another process logged at once, or left unfinished,
    is gone.
    """
    same = " and ".join(f"tags.{name} = '{value}'" for name, value in stored.tags.items())
    found = client.search_model_versions(f"name = '{NAME}' and {same}")
    first, *surplus = sorted(found, key=lambda version: int(version.version))
    for version in surplus:
        client.delete_model_version(NAME, version.version)
    for run in client.search_runs([experiment], same):
        if run.info.run_id != first.run_id:
            client.delete_run(run.info.run_id)
    return str(first.version)


def _follow_champion(client: MlflowClient, registry: Registry, number_of: dict[int, str]) -> None:
    _token, release = registry.current_release()
    wanted = number_of.get(release.champion)
    there = client.get_registered_model(NAME).aliases.get(CHAMPION)
    if wanted is not None and wanted != str(there):
        client.set_registered_model_alias(NAME, CHAMPION, wanted)
    elif wanted is None and there is not None:
        client.delete_registered_model_alias(NAME, CHAMPION)


def _tags(manifest: Manifest) -> dict[str, str]:
    tags = {
        "snapshot": manifest.snapshot,
        "recipe": manifest.recipe,
        "verdict": manifest.verdict.decision,
        "against": str(manifest.verdict.against),
        "cause": json.dumps(manifest.cause, ensure_ascii=False),
        "execution": manifest.execution,
    }
    return {name: value[:TAG_MAX] for name, value in tags.items()}


def _metrics(manifest: Manifest) -> dict[str, float]:
    return {
        f"{split}_{name}": value
        for split, of in manifest.metrics.items()
        for name, value in of.items()
    }


def _params(manifest: Manifest) -> dict[str, Any]:
    params: dict[str, Any] = {
        "recipe": manifest.recipe,
        "threshold": manifest.threshold,
        "review": manifest.review,
    }
    params |= {f"rows_{name}": value for name, value in manifest.rows.items()}
    return params | {f"library_{name}": value for name, value in manifest.libraries.items()}


def _dataset(manifest: Manifest) -> Dataset:
    """The snapshot, which names every generation of every file; no ticket is copied."""
    source = json.dumps({"uri": f"snapshots/{manifest.version:08d}.json"})
    return Dataset(
        "snapshot",
        manifest.snapshot[:DIGEST_MAX],
        "registry",
        source,
        profile=json.dumps(manifest.rows),
    )
