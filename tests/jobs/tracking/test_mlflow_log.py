from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.tracking.mlflow_view import open_tracking_store
from jobs.tracking.track import QUIET
from tests.jobs.tracking.tracking_world import NAME, World, runs, versions
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from urgency.errors import Gone
from urgency.records import NO_RELEASE
from urgency.registry import Registry
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket

pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # the job runs it with -W ignore, see jobs.tracking.track.COMMAND


class Killed(BaseException):
    """What a test raises in place of SIGKILL."""


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """MLflow's tables with nothing in them: making them takes seconds."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in QUIET.items():
            environment.setenv(name, value)
        world = World(tmp_path_factory.mktemp("template"), b"")
        world.track()
        yield world.database()


@pytest.fixture
def world(
    tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    yield World(tmp_path, empty_database)
    assert not list(working.iterdir()), "MLflow wrote into the working directory"


def no_champion(registry: Registry) -> None:
    token, release = registry.current_release()
    registry.move_release(replace(NO_RELEASE, epoch=release.epoch + 1), token)


def test_each_manifest_becomes_a_finished_run_with_what_it_says(world: World) -> None:
    manifest = put_model(world.registry, 1)
    world.track()
    (run,) = runs(world.opened())
    assert (run.info.status, run.info.start_time) == ("FINISHED", 1767323045000)
    assert run.data.metrics == {"test_pr_auc": 0.9, "test_roc_auc": 0.95, "test_brier": 0.1}
    assert run.data.params["threshold"] == "0.5"
    assert run.data.params["rows_train"] == "600"
    said = {
        name: run.data.tags[name]
        for name in ("n", "snapshot", "recipe", "verdict", "execution", "cause")
    }
    assert said == {
        "n": "1",
        "snapshot": manifest.snapshot,
        "recipe": manifest.recipe,
        "verdict": "PROMOTE",
        "execution": "train-test",
        "cause": '{"added": ["tickets.csv"]}',
    }
    assert run.inputs.dataset_inputs[0].dataset.digest == manifest.snapshot[:36]


def test_each_manifest_becomes_a_registered_model_version_oldest_first(world: World) -> None:
    for n in (1, 2, 4):
        put_model(world.registry, n)
    world.track()
    found = world.opened().search_model_versions(f"name = '{NAME}'")
    assert {version.version: version.tags["n"] for version in found} == {1: "1", 2: "2", 3: "4"}
    assert {version.description for version in found if version.tags["n"] == "4"} == {
        "Version 4. PROMOTE: It is the first model."
    }


def test_the_alias_champion_follows_the_pointer_and_goes_when_there_is_none(world: World) -> None:
    first, second = put_model(world.registry, 1), put_model(world.registry, 3)
    release(world.registry, second)
    world.track()
    assert world.opened().get_model_version_by_alias(NAME, "champion").tags["n"] == "3"
    release(world.registry, first)
    world.track()
    assert world.opened().get_model_version_by_alias(NAME, "champion").tags["n"] == "1"
    no_champion(world.registry)
    world.track()
    assert world.opened().get_registered_model(NAME).aliases == {}


def test_tracking_twice_changes_nothing(world: World) -> None:
    release(world.registry, put_model(world.registry, 1))
    world.track()
    before = world.database()
    world.track()
    assert world.database() == before
    assert world.registry.control.calls.count("put mlflow.db") == 2  # type: ignore[attr-defined]


def test_two_executions_at_once_lose_nothing(world: World) -> None:
    put_model(world.registry, 1)

    def overtake(when: str) -> None:
        if when == "before put mlflow.db":
            world.registry.control.fault = lambda _when: None  # type: ignore[attr-defined]
            world.track()
            put_model(world.registry, 2)

    world.registry.control.fault = overtake  # type: ignore[attr-defined]
    world.track()
    client = world.opened()
    assert [run.data.tags["n"] for run in runs(client)] == versions(client) == ["1", "2"]


def test_two_executions_at_once_on_a_shared_store_leave_one_run_each(
    world: World, empty_database: bytes
) -> None:
    from mlflow import MlflowClient

    put_model(world.registry, 1)
    uri = f"sqlite:///{world.folder}/shared.db"
    (world.folder / "shared.db").write_bytes(empty_database)

    def overtake(when: str) -> None:
        if when == "before get models/00000001.json":
            world.registry.objects.fault = lambda _when: None  # type: ignore[attr-defined]
            world.track(uri)

    world.registry.objects.fault = overtake  # type: ignore[attr-defined]
    world.track(uri)
    client = MlflowClient(uri, uri)
    assert len(runs(client)) == 1
    assert versions(client) == ["1"]


def test_what_a_killed_execution_left_in_a_shared_store_is_healed(
    world: World, empty_database: bytes
) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{world.folder}/shared.db"
    (world.folder / "shared.db").write_bytes(empty_database)
    put_model(world.registry, 1)
    world.track(uri)
    client = MlflowClient(uri, uri)
    client.delete_model_version(NAME, "1")  # killed between the run and its model version
    world.track(uri)
    assert len(runs(client)) == 1
    assert versions(client) == ["1"]


def test_a_kill_before_the_database_is_put_back_costs_one_more_run(world: World) -> None:
    put_model(world.registry, 1)

    def kill(when: str) -> None:
        if when == "before put mlflow.db":
            raise Killed

    world.registry.control.fault = kill  # type: ignore[attr-defined]
    with pytest.raises(Killed):
        world.track()
    world.registry.control.fault = lambda _when: None  # type: ignore[attr-defined]
    world.track()
    assert len(runs(world.opened())) == 1


def test_more_versions_than_a_batch_are_all_logged(world: World) -> None:
    for n in range(1, 28):
        put_model(world.registry, n)
    world.track()
    assert len(versions(world.opened())) == 27
    assert world.registry.control.calls.count("put mlflow.db") == 1 + 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("spoil", ["damaged", "other tables"])
def test_a_database_that_this_mlflow_cannot_read_is_made_anew(world: World, spoil: str) -> None:
    put_model(world.registry, 1)
    world.track()
    body = b"not a database, but a long enough text to be taken for one" * 100
    if spoil == "other tables":
        file = world.folder / "older.db"
        file.write_bytes(world.database())
        with sqlite3.connect(file) as older:
            older.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        older.close()
        body = file.read_bytes()
    stored = world.registry.control.get("mlflow.db")
    assert stored is not None
    world.registry.control.put("mlflow.db", body, stored.token)  # type: ignore[union-attr]
    world.track()
    assert versions(world.opened()) == ["1"]


def test_a_registry_begun_again_is_logged_beside_the_old_one_whose_models_are_gone(
    world: World,
) -> None:
    put_model(world.registry, 1)
    world.track()
    again = registry_with()
    put_model(again, 1, execution="another")
    world.registry.objects = again.objects
    world.track()
    client = world.opened()
    models = {
        run.data.tags["execution"]: client.list_artifacts(run.info.run_id) != []
        for run in runs(client)
    }
    assert models == {"train-test": False, "another": True}


def test_the_champion_loads_with_pyfunc_and_answers_as_the_service_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    import pandas as pd

    release(world.registry, put_model(world.registry, 1))
    world.track()
    uri = open_tracking_store(world.registry, world.folder / "view")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", uri)
    model = mlflow.pyfunc.load_model("models:/ticket-urgency@champion")
    answer = model.predict(pd.DataFrame([URGENT_TICKET | {"customer_tier": "gold"}]))
    expected = Scorer(world.registry.bundle(1)).probability(
        normal_ticket(**URGENT_TICKET, customer_tier="gold")
    )
    assert answer.to_dict("records") == [{"label": "urgent", "probability": expected}]


def test_the_opened_store_shows_each_runs_model_files(world: World) -> None:
    put_model(world.registry, 1)
    world.track()
    client = world.opened()
    (run,) = runs(client)
    files = [file.path for file in client.list_artifacts(run.info.run_id, "model/bundle")]
    assert files == [
        "model/bundle/arrays.npz",
        "model/bundle/golden.json",
        "model/bundle/manifest.json",
    ]


def test_opening_before_anything_was_tracked_says_so(tmp_path: Path) -> None:
    with pytest.raises(Gone, match="No version was tracked yet"):
        open_tracking_store(registry_with(), tmp_path)
