"""The images are built and run: 512 MiB, one CPU, a read-only file system, an unnamed user."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from google.cloud import storage

from infra.local.containers import endpoints
from infra.local.wiring import Container
from infra.smoke import Service, check
from jobs.recipe import recipe_of
from service.local_copy import LocalCopy
from tests.infra.engine import Engine, NoEngine, container_engine
from tests.service.test_process import DOWN, ask_on_one_connection
from tests.support.cloud.whole_cloud import Cloud, cloud
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.service import ENVIRON
from tests.support.service.service_process import CHECKOUT, ServiceProcess
from tests.support.waiting import eventually
from urgency.registry import Registry
from urgency.settings import read_settings
from urgency.store import CloudBucket

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
]  # the first build downloads a gigabyte of libraries

PARTS = ("service", "jobs")
RECIPE = (
    "from jobs.recipe import recipe_of; from urgency.settings import read_settings;"
    " print(recipe_of(read_settings({})))"
)
WRITE = "id -u; touch /app/x 2>&1; touch /tmp/x && echo written"

Figure = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """A cloud with a released model, and what the job that made it said."""

    place: Cloud
    said: list[str]
    took_s: float


@pytest.fixture(scope="module")
def engine() -> Engine:
    try:
        return container_engine()
    except NoEngine as why:
        pytest.skip(f"skipped: {why}")


@pytest.fixture(scope="module")
def images(engine: Engine) -> dict[str, str]:
    """Part -> its image."""
    return {part: engine.build(part) for part in PARTS}


@pytest.fixture(scope="module")
def trained(
    engine: Engine, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    """A cloud in which a file landed and the job ran, once, in its container."""
    with cloud(tmp_path_factory.mktemp("cloud")) as place:
        land(place, CHECKOUT / "data/tickets.csv")
        job = place.wiring.job("train")
        environ = environment(job, place) | {"CLOUD_RUN_EXECUTION": "train-1"}
        began = time.monotonic()
        said = engine.run(images["jobs"], *job.args, environ=environ).stderr.splitlines()
        yield Trained(place, said, time.monotonic() - began)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    return lambda text: record_property("figure", text)


def test_an_image_holds_its_sources_with_bytecode_and_nothing_else_of_the_repository(
    engine: Engine, images: dict[str, str], figure: Figure
) -> None:
    for part, image in images.items():
        inside = engine.find(image, "/app", "-type", "f")
        sources = {f"/app/{file.relative_to(CHECKOUT)}" for file in sources_of(part)}
        assert {name for name in inside if not name.endswith(".pyc")} == sources
        assert sum(name.endswith(".pyc") for name in inside) == sum(
            name.endswith(".py") for name in sources
        )
        at_root = engine.find(image, "/", "-maxdepth", "1") - engine.find(
            engine.base_image, "/", "-maxdepth", "1"
        )
        assert at_root == {"/app", "/venv"}
        figure(f"image of {part}: {engine.size_mb(image):.0f} MB unpacked")


def test_a_container_is_nobody_and_writes_to_nothing_but_its_temporary_folder(
    engine: Engine, images: dict[str, str]
) -> None:
    for image in images.values():
        uid, refused, written = engine.run(image, "-c", WRITE, entrypoint="sh").stdout.splitlines()
        assert (uid, written) == ("65532", "written")
        assert "Read-only file system" in refused


def test_the_recipe_of_the_image_is_the_laptops(engine: Engine, images: dict[str, str]) -> None:
    inside = engine.run(images["jobs"], "-c", RECIPE, entrypoint="python").stdout.strip()
    assert inside == recipe_of(read_settings({}))


def test_the_job_trains_from_what_landed_and_releases(trained: Trained, figure: Figure) -> None:
    assert registry_of(trained.place).current_release()[1].champion == 1
    assert "reconciled" in [json.loads(line)["message"] for line in trained.said]
    figure(f"job: {trained.took_s:.1f} s from start to release, within 512 MiB and one CPU")


def test_the_service_starts_from_that_release_and_is_what_the_smoke_test_expects(
    engine: Engine, images: dict[str, str], trained: Trained, tmp_path: Path, figure: Figure
) -> None:
    [service] = trained.place.wiring.services
    began = time.monotonic()
    with engine.service(images["service"], environment(service, trained.place), tmp_path) as (
        running,
        name,
    ):
        eventually(lambda: is_ready(running), timeout_s=120)
        ready_s = time.monotonic() - began
        answer = requests.post(f"{running.url}/v1/predict", json=URGENT_TICKET, timeout=10)
        predicted_s = time.monotonic() - began
        assert (answer.status_code, answer.headers["X-Model-Version"]) == (200, "1")
        assert check(Service(running.url)) == f"{running.url} predicts with version 1."
        figure(f"service: ready {ready_s:.2f} s after start, first prediction {predicted_s:.2f} s")
        figure(f"service: {engine.peak_mb(name):.0f} MiB at most, page cache included")
        assert running.terminate() == 0


def test_sigterm_loses_no_request_in_flight_and_closes_no_connection_unannounced(
    engine: Engine, images: dict[str, str], trained: Trained, tmp_path: Path, figure: Figure
) -> None:
    [service] = trained.place.wiring.services
    asked: list[str] = []
    started = engine.service(images["service"], environment(service, trained.place), tmp_path)
    with started as (running, _name), ThreadPoolExecutor(12) as clients:
        eventually(lambda: is_ready(running), timeout_s=120)
        host = running.url.removeprefix("http://")
        asking = [clients.submit(ask_on_one_connection, host, asked) for _ in range(12)]
        eventually(lambda: len(asked) > 50, timeout_s=120)
        assert running.terminate() == 0
        for client in asking:
            client.result(60)
    figure(
        f"service: SIGTERM while 12 clients ask, {len(asked)} batches of 100 answered, none lost"
    )


def test_a_baked_bundle_serves_without_storage(
    engine: Engine, images: dict[str, str], tmp_path: Path
) -> None:
    for name in ("urgency", "service"):
        shutil.copytree(
            CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(CHECKOUT / ".dockerignore", tmp_path)
    registry = registry_with(1)
    LocalCopy(tmp_path / "bundle").keep(registry.current_release()[1], registry)
    image = engine.build("service", tmp_path, target="baked")
    with engine.service(image, ENVIRON | DOWN, tmp_path) as (running, _name):
        eventually(lambda: is_ready(running), timeout_s=120)
        answer = requests.post(f"{running.url}/v1/predict", json=URGENT_TICKET, timeout=10)
        assert (answer.json()["label"], answer.headers["X-Model-Version"]) == ("urgent", "1")
        assert running.terminate() == 0


def sources_of(part: str) -> Iterator[Path]:
    """What `part`'s image is made of."""
    for folder in ("urgency", part):
        for file in (CHECKOUT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts and file.name != "Dockerfile":
                yield file


def land(place: Cloud, file: Path) -> None:
    """Drop a file, as an operator does."""
    [landing] = (bucket for bucket in place.wiring.buckets if bucket.endswith("landing"))
    client = storage.Client(place.wiring.project, **place.options())
    client.bucket(landing).blob(f"incoming/{file.name}").upload_from_filename(file)


def environment(container: Container, place: Cloud) -> dict[str, str]:
    """What Cloud Run gives the container, with `place` instead of Google's endpoints."""
    account = container.service_account.partition("@")[0]
    identity = place.identity.environment(account, place.url.removeprefix("http://"))
    return {**container.environment, **endpoints(place.url), **identity}


def registry_of(place: Cloud) -> Registry:
    """The registry of `place` as the training job sees it."""
    client = storage.Client(place.wiring.project, **place.options("urgency-train"))
    registry, control = (
        CloudBucket(client, bucket, timeout_s=5)
        for name in ("registry", "control")
        for bucket in place.wiring.buckets
        if bucket.endswith(name)
    )
    return Registry(registry, control)


def is_ready(running: ServiceProcess) -> bool:
    """Whether the service has a model to answer with."""
    assert running.process.poll() is None, running.log.read_text()
    try:
        return requests.get(f"{running.url}/health/ready", timeout=30).ok
    except requests.ConnectionError:
        return False


def test_the_pipelines_start_in_their_image(engine: Engine) -> None:
    """Without the last stage, whose program comes from a registry."""
    image = engine.build("infra/beam", target="pipelines")
    assert "--shard-mb" in engine.run(image, "--help").stdout
