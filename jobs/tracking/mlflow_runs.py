"""Manifests as MLflow runs and registered versions, in a server or in a local store.

A registered version is the commit point of logging: a run without one was left by a killed process.
MLflow knows no create-once, so two processes may log a version at once; the lower number stays.
"""

import json
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param

from jobs.report.figures import figures
from jobs.tracking.mlflow_model import lay_out
from urgency.bundle import CARD, METRICS, Manifest, digest
from urgency.errors import Gone
from urgency.registry import Registry

NAME, CHAMPION = "ticket-urgency", "champion"

OURS = ("n", "manifest_crc32c")
"""Tags by which a run and a registered version are known to be of a manifest."""

TAG_MAX, DIGEST_MAX = 5000, 36
"""Characters that MLflow takes."""


def build_store(registry: Registry, root: Path, mlflow_version: str) -> tuple[str, str]:
    """Tracking URI and experiment of a SQLite store below `root` that has every version.

    What it has already is not logged again. Raises Gone where no version was committed yet.
    """
    stored = registry.stored_models()
    if not stored:
        raise Gone("There is no version yet; drop a CSV first.")
    # A store of another registry, of another MLflow's tables or in a moved folder is of no use.
    identity = f"{stored[min(stored)].crc32c} {mlflow_version} {root.resolve()}"
    folder = root.resolve() / digest(identity.encode())[:12]
    for other in set(root.resolve().glob("*/")) - {folder}:
        shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{folder}/mlflow.db"
    return uri, log_missing(uri, registry, folder / "artifacts")


def log_missing(uri: str, registry: Registry, artifacts: Path | None = None) -> str:
    """Log the versions that MLflow lacks, oldest first, and let the alias follow the pointer.

    artifacts: where a new experiment keeps files, unless the server says where.
    Returns the experiment's id. Raises MlflowException, OSError and UrgencyError.
    """
    client = MlflowClient(uri, uri)
    experiment = _experiment(client, artifacts)
    known = _known(client)
    number_of = {}
    for n, stored in sorted(registry.stored_models().items()):
        ours = (str(n), stored.crc32c)
        if ours not in known:
            tags = dict(zip(OURS, ours, strict=True))
            _log(client, experiment, registry, n, tags)
            known[ours] = _keep_first(client, experiment, tags)
        number_of[n] = known[ours]
    _follow_champion(client, number_of.get(registry.current_release()[1].champion))
    return experiment


def _experiment(client: MlflowClient, artifacts: Path | None) -> str:
    """Id of the experiment, made where it is missing, as is the registered model."""
    if not client.search_registered_models(f"name = '{NAME}'"):
        client.create_registered_model(NAME)
    found = client.get_experiment_by_name(NAME)
    where = artifacts and artifacts.as_uri()
    return str(found.experiment_id if found else client.create_experiment(NAME, where))


def _known(client: MlflowClient) -> dict[tuple[str, ...], str]:
    """MLflow's number of each version that it has; people may register other models too."""
    known: dict[tuple[str, ...], str] = {}
    page = None
    while page is None or page.token:
        page = client.search_model_versions(f"name = '{NAME}'", page_token=page and page.token)
        ours = (found for found in page if found.tags.keys() >= set(OURS))
        known |= {tuple(found.tags[tag] for tag in OURS): str(found.version) for found in ours}
    return known


def _log(
    client: MlflowClient, experiment: str, registry: Registry, n: int, tags: dict[str, str]
) -> None:
    manifest = registry.manifest(n)
    if manifest is None:
        raise Gone(f"Version {n} was listed and is not in the registry.")
    report = json.loads(registry.part(manifest, METRICS)) if METRICS in manifest.parts else {}
    at = int(datetime.fromisoformat(manifest.created_at).timestamp() * 1000)
    run = client.create_run(experiment, at, tags | _tags(manifest), f"Version {n}").info
    client.log_batch(run.run_id, _metrics(manifest, at), _params(manifest, report))
    client.log_inputs(run.run_id, [DatasetInput(_dataset(manifest))])
    if _takes_files(client, run.artifact_uri):
        with TemporaryDirectory() as folder:
            lay_out(registry, n, Path(folder, "model"))
            client.log_artifacts(run.run_id, folder)
        for name, svg in figures(report):
            client.log_text(run.run_id, svg, f"figures/{name}")
        if CARD in manifest.parts:
            client.log_text(run.run_id, registry.part(manifest, CARD).decode(), CARD)
    client.set_terminated(run.run_id, end_time=at)
    source, verdict = f"{run.artifact_uri}/model", manifest.verdict
    about = f"Version {n}. {verdict.decision}: {' '.join(verdict.reasons)}"
    client.create_model_version(NAME, source, run.run_id, tags, description=about)


def _takes_files(client: MlflowClient, artifact_uri: str) -> bool:
    """Whether the store takes files; a folder of a server's own machine is out of reach."""
    is_server = urlsplit(client.tracking_uri).scheme in ("http", "https")
    return not is_server or urlsplit(artifact_uri).scheme not in ("", "file")


def _keep_first(client: MlflowClient, experiment: str, tags: dict[str, str]) -> str:
    """MLflow's number of a version, after doubles and runs of killed processes are deleted."""
    same = " and ".join(f"tags.{name} = '{value}'" for name, value in tags.items())
    found = client.search_model_versions(f"name = '{NAME}' and {same}")
    first, *surplus = sorted(found, key=lambda version: int(version.version))
    for version in surplus:
        client.delete_model_version(NAME, version.version)
    for run in client.search_runs([experiment], same):
        if run.info.run_id != first.run_id:
            client.delete_run(run.info.run_id)
    return str(first.version)


def _follow_champion(client: MlflowClient, champion: str | None) -> None:
    """champion: MLflow's number of the version that the pointer names."""
    if champion is not None:
        client.set_registered_model_alias(NAME, CHAMPION, champion)
    elif CHAMPION in client.get_registered_model(NAME).aliases:
        client.delete_registered_model_alias(NAME, CHAMPION)


def _tags(manifest: Manifest) -> dict[str, str]:
    tags = {name: getattr(manifest, name) for name in ("snapshot", "recipe", "execution")}
    tags |= {"verdict": manifest.verdict.decision, "against": str(manifest.verdict.against)}
    return tags | {"cause": json.dumps(manifest.cause, ensure_ascii=False)[:TAG_MAX]}


def _metrics(manifest: Manifest, at: int) -> list[Metric]:
    sides = manifest.metrics.items()
    return [Metric(f"{side}_{k}", v, at, 0) for side, metrics in sides for k, v in metrics.items()]


def _params(manifest: Manifest, report: dict[str, Any]) -> list[Param]:
    params = {name: getattr(manifest, name) for name in ("recipe", "threshold", "review")}
    params |= {f"rows_{name}": value for name, value in manifest.rows.items()}
    params |= {f"library_{name}": value for name, value in manifest.libraries.items()}
    return [Param(name, str(value)) for name, value in ({"c": report.get("c")} | params).items()]


def _dataset(manifest: Manifest) -> Dataset:
    """The snapshot, which names every generation of every file; no ticket is copied."""
    source = json.dumps({"uri": f"snapshots/{manifest.version:08d}.json"})
    rows = json.dumps(manifest.rows)
    return Dataset("snapshot", manifest.snapshot[:DIGEST_MAX], "registry", source, profile=rows)
