"""What people see in a store, and that logging may be done twice, at once, or be killed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.tracking import QUIET
from tests.jobs.tracking.tracking_world import (
    NAME,
    champion_says,
    put_reported_model,
    runs,
    service_says,
    versions,
)
from tests.support.models import put_model, registry_with, release
from urgency.errors import Gone
from urgency.records import NO_RELEASE

pytestmark = pytest.mark.filterwarnings("ignore")  # mlflow's imports warn about its dependencies


class World:
    """A registry in memory and a store with MLflow's tables in it."""

    def __init__(self, folder: Path) -> None:
        self.registry, self.folder = registry_with(), folder
        self.uri = f"sqlite:///{folder}/mlflow.db"

    def log(self) -> Any:
        """Log what is missing; a client on the result."""
        from mlflow import MlflowClient

        from jobs.tracking.mlflow_runs import log_missing

        log_missing(self.uri, self.registry, self.folder / "artifacts")
        return MlflowClient(self.uri, self.uri)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables with nothing in them: making them takes seconds."""
    os.environ.update(QUIET)
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("tables") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}", f"sqlite:///{file}").search_registered_models()
    return file


@pytest.fixture
def world(tmp_path: Path, tables: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for folder in ("working", "store"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "working")
    shutil.copy(tables, tmp_path / "store/mlflow.db")
    yield World(tmp_path / "store")
    assert not list((tmp_path / "working").iterdir()), "MLflow wrote into the working directory"


def test_each_manifest_becomes_a_finished_run_with_what_it_says(world: World) -> None:
    manifest = put_reported_model(world.registry, 1)
    (run,) = runs(world.log())
    assert (run.info.status, run.info.start_time) == ("FINISHED", 1767323045000)
    assert {"train_recall", "validation_recall", "test_recall"} < run.data.metrics.keys()
    params = {"c": "4.0", "threshold": "0.5", "review": "None", "rows_train": "600"}
    assert params.items() < run.data.params.items()
    assert {"recipe", "library_numpy"} < run.data.params.keys()
    tags = {"n": "1", "snapshot": manifest.snapshot, "verdict": "PROMOTE"}
    tags |= {"execution": "train-test", "cause": '{"added": ["tickets.csv"]}', "against": "0"}
    assert tags.items() < run.data.tags.items()
    assert run.inputs.dataset_inputs[0].dataset.digest == manifest.snapshot[:36]


def test_a_runs_files_are_the_figures_the_card_and_the_model(world: World) -> None:
    put_reported_model(world.registry, 1)
    client = world.log()
    (run,) = runs(client)

    def files(folder: str) -> list[str]:
        return [Path(file.path).name for file in client.list_artifacts(run.info.run_id, folder)]

    assert files("") == ["card.html", "figures", "model"]
    assert files("figures") == ["calibration.svg", "confusion.svg", "precision_recall.svg"]
    assert {"arrays.npz", "golden.json", "manifest.json"} < set(files("model/bundle"))


def test_each_manifest_becomes_a_registered_version_oldest_first(world: World) -> None:
    for n in (1, 2, 4):
        put_model(world.registry, n)
    client = world.log()
    assert versions(client) == ["1", "2", "4"]
    newest = client.get_model_version(NAME, "3")
    assert newest.description == "Version 4. PROMOTE: It is the first model."


def test_the_alias_champion_follows_the_pointer_and_goes_when_there_is_none(world: World) -> None:
    first, second = put_model(world.registry, 1), put_model(world.registry, 3)
    for manifest in (second, first):
        release(world.registry, manifest)
        champion = world.log().get_model_version_by_alias(NAME, "champion")
        assert champion.tags["n"] == str(manifest.version)
    token, current = world.registry.current_release()
    world.registry.move_release(replace(NO_RELEASE, epoch=current.epoch + 1), token)
    assert world.log().get_registered_model(NAME).aliases == {}


def test_what_is_there_already_is_not_read_again(world: World) -> None:
    put_model(world.registry, 1)
    world.log()
    put_model(world.registry, 2)
    world.registry.objects.calls.clear()  # type: ignore[attr-defined]
    client = world.log()
    assert [run.data.tags["n"] for run in runs(client)] == versions(client) == ["1", "2"]
    assert "get models/00000001.json" not in world.registry.objects.calls  # type: ignore[attr-defined]


def test_two_processes_at_once_leave_one_run_and_one_version(world: World) -> None:
    put_model(world.registry, 1)

    def overtake(when: str) -> None:
        if when == "before get models/00000001.json":
            world.registry.objects.fault = lambda _when: None  # type: ignore[attr-defined]
            world.log()

    world.registry.objects.fault = overtake  # type: ignore[attr-defined]
    client = world.log()
    assert (len(runs(client)), versions(client)) == (1, ["1"])


def test_what_a_killed_process_left_is_healed(world: World) -> None:
    put_model(world.registry, 1)
    client = world.log()
    (unfinished,) = runs(client)
    client.delete_model_version(NAME, "1")  # killed between the run and its registered version
    (run,) = runs(world.log())
    assert run.info.run_id != unfinished.info.run_id
    assert versions(client) == ["1"]


def test_models_that_people_register_themselves_are_left_alone(world: World) -> None:
    put_model(world.registry, 1)
    client = world.log()
    client.create_model_version(NAME, "somewhere", tags={"n": "7"})
    put_model(world.registry, 2)
    world.log()
    assert versions(client) == ["1", "7", "2"]


@pytest.mark.slow
def test_the_built_store_is_kept_until_the_registry_is_another(tmp_path: Path) -> None:
    from jobs.tracking.mlflow_runs import build_store

    registry = registry_with(1)
    first, experiment = build_store(registry, tmp_path / "mlflow", "3")
    assert first.startswith("sqlite:///")
    put_model(registry, 2)
    assert build_store(registry, tmp_path / "mlflow", "3") == (first, experiment)
    newer, _ = build_store(registry, tmp_path / "mlflow", "4")
    assert newer != first, "another MLflow may have other tables"
    again = registry_with()
    put_model(again, 1, execution="begun-anew")
    second, _ = build_store(again, tmp_path / "mlflow", "3")
    assert second not in (first, newer)
    kept = [f"sqlite:///{folder}/mlflow.db" for folder in (tmp_path / "mlflow").iterdir()]
    assert kept == [second]


def test_without_a_version_there_is_no_store(tmp_path: Path) -> None:
    from jobs.tracking.mlflow_runs import build_store

    with pytest.raises(Gone, match="no version yet; drop a CSV"):
        build_store(registry_with(), tmp_path / "mlflow", "3")
    assert not (tmp_path / "mlflow").exists()


def test_the_champion_loads_with_pyfunc_and_answers_as_the_service_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(world.registry, put_model(world.registry, 1))
    world.log()
    assert champion_says(world.uri, monkeypatch) == service_says(world.registry)
