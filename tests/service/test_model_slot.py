from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from service.local_copy import LocalCopy
from service.model_slot import BACK_OFF_MOST_S, CHECK_WAIT_S
from tests.support.memory_store import MemoryStore
from tests.support.models import URGENT_TICKET, put_model, registry_with, release, small_arrays
from tests.support.service import Instance
from tests.support.waiting import eventually
from urgency.bundle import ARRAYS, FORMAT, GOLDEN, Manifest
from urgency.errors import Forbidden, Unavailable
from urgency.registry import Registry
from urgency.store import ABSENT, Versioned

THREADS = ThreadPoolExecutor(8)
in_thread = THREADS.submit
SOFT_S, HARD_S = 5.0, 30.0


class Outage:
    """A fault that every call of a store meets until `error` is None."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def __call__(self, _when: str) -> None:
        if self.error is not None:
            raise self.error


class Hold:
    """A fault that keeps whoever gets to `when` until it is let go."""

    def __init__(self, when: str) -> None:
        self.when, self.entered, self.released = when, threading.Event(), threading.Event()

    def __call__(self, when: str) -> None:
        if when == self.when:
            self.entered.set()
            assert self.released.wait(30)


def memory(store: object) -> MemoryStore:
    assert isinstance(store, MemoryStore)
    return store


@contextmanager
def held(store: object, when: str) -> Iterator[Hold]:
    hold = Hold(when)
    memory(store).fault = hold
    try:
        yield hold
    finally:
        hold.released.set()


def outage(registry: Registry) -> Outage:
    """Both buckets stop answering."""
    fault = Outage(Unavailable("Cloud Storage could not read release.json: ConnectTimeout. Try again later."))
    memory(registry.objects).fault = memory(registry.control).fault = fault
    return fault


def calls(registry: Registry) -> list[str]:
    return memory(registry.objects).calls + memory(registry.control).calls


def corrupt(registry: Registry, name: str) -> None:
    body = memory(registry.objects).get(name)
    assert isinstance(body, Versioned)
    overwrite(registry, name, bytes([body.body[0] ^ 1]) + body.body[1:])


def overwrite(registry: Registry, name: str, body: bytes) -> None:
    """What nobody may do to a create-once object: other bytes, with a right checksum."""
    memory(registry.objects).delete(name)
    registry.objects.put(name, body, ABSENT)


def overwritten_manifest(registry: Registry, version: int, **members: object) -> Manifest:
    """Commit a manifest that no trainer writes."""
    manifest = replace(put_model(registry, version, strength=2.0), **members)
    overwrite(registry, f"models/{version:08d}.json", manifest.to_bytes())
    return manifest


# Following the pointer


def test_a_request_within_the_soft_bound_asks_storage_nothing():
    instance = Instance(registry_with(1))
    before = len(calls(instance.registry))
    instance.clock.advance(SOFT_S * 0.79)
    assert instance.version() == "1"
    assert len(calls(instance.registry)) == before


def test_every_instance_follows_a_release_one_soft_bound_later():
    registry = registry_with(1)
    fleet = [Instance(registry) for _ in range(3)]
    release(registry, put_model(registry, 2, strength=2.0))
    assert [instance.version() for instance in fleet] == ["1", "1", "1"]
    for instance in fleet:
        instance.clock.advance(SOFT_S)
    assert [instance.version() for instance in fleet] == ["2", "2", "2"]


def test_an_unchanged_pointer_costs_one_read():
    instance = Instance(registry_with(1))
    before = len(calls(instance.registry))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert len(calls(instance.registry)) == before + 1


def test_the_epoch_never_falls_though_an_older_pointer_is_read():
    registry = registry_with(1, 2)
    instance = Instance(registry)
    token, current = registry.current_release()
    registry.move_release(replace(current, epoch=1, champion=1, manifest_sha256=registry.manifest_sha256(1)), token)
    instance.clock.advance(SOFT_S)
    assert instance.version() == "2"


def test_a_rollback_is_followed_for_its_epoch_is_higher():
    registry = registry_with(1, 2)
    instance = Instance(registry)
    manifest = registry.manifest(1)
    assert manifest
    release(registry, manifest, pinned=True)
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"


def test_a_new_epoch_of_the_same_model_is_taken_over_without_loading_it_again():
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = registry.manifest(1)
    assert manifest
    release(registry, manifest)
    instance.clock.advance(SOFT_S)
    loads = len(instance.facts("model_loaded"))
    answer = instance.http.post("/predict", json={"title": "x"})
    assert answer.headers["X-Model-Epoch"] == "2"
    assert len(instance.facts("model_loaded")) == loads


def test_only_one_request_loads_and_the_others_go_on_with_the_old_model():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    before = calls(registry).count("get models/00000002.json")
    instance.clock.advance(SOFT_S)
    with held(registry.objects, "before get models/00000002.json") as hold:
        loading = in_thread(instance.version)
        assert hold.entered.wait(10)
        assert [instance.version() for _ in range(5)] == ["1"] * 5
    assert loading.result(10) == "2"
    assert calls(registry).count("get models/00000002.json") == before + 1


def test_after_the_hard_bound_every_request_waits_for_the_running_check():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    before = calls(registry).count("get release.json")
    instance.clock.advance(HARD_S + 1)
    with held(registry.control, "before get release.json") as hold:
        answers = [in_thread(instance.version)]
        assert hold.entered.wait(10)
        answers += [in_thread(instance.version) for _ in range(3)]
    assert [answer.result(10) for answer in answers] == ["2"] * 4
    assert calls(registry).count("get release.json") == before + 1


def test_a_request_waits_for_another_ones_check_no_longer_than_promised():
    registry = registry_with(1)
    instance = Instance(registry)
    instance.clock.advance(HARD_S + 1)
    with held(registry.control, "before get release.json") as hold:
        checking = in_thread(instance.version)
        assert hold.entered.wait(10)
        began = time.monotonic()
        assert instance.version() == "1"
        assert CHECK_WAIT_S <= time.monotonic() - began < CHECK_WAIT_S + 2
    assert checking.result(10) == "1"


def test_no_answer_mixes_two_models_while_releases_go_by():
    registry = registry_with(1)
    instance = Instance(registry, {"URGENCY_POINTER_SOFT_S": "0.000001"}, clock=time.monotonic)
    seen: list[tuple[str, float]] = []
    stop = threading.Event()

    def ask() -> None:
        http = instance.http.application.test_client()
        while not stop.is_set():
            answer = http.post("/predict", json={"instances": [URGENT_TICKET]})
            assert str(answer.json["model"]["version"]) == answer.headers["X-Model-Version"]
            seen.append((answer.headers["X-Model-Version"], answer.json["predictions"][0]["probability"]))

    asking = [in_thread(ask) for _ in range(4)]
    for version in range(2, 12):
        release(registry, put_model(registry, version, strength=1 + version / 10))
        eventually(lambda version=version: any(answered == str(version) for answered, _ in list(seen)))
    stop.set()
    for thread in asking:
        thread.result(10)
    scores = {version: {score for answered, score in seen if answered == version} for version, _ in seen}
    assert len(scores) >= 11 - 1
    assert all(len(of_version) == 1 for of_version in scores.values())
    assert len({score for of_version in scores.values() for score in of_version}) == len(scores)


# What must never be loaded


@pytest.mark.parametrize("part", [ARRAYS, GOLDEN])
def test_a_corrupt_blob_is_never_loaded(part: str):
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = put_model(registry, 2, strength=2.0)
    corrupt(registry, f"blobs/sha256/{manifest.parts[part]}")
    release(registry, manifest)
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert "2" in instance.facts("model_check_failed")[-1]["reason"]


def test_a_manifest_that_is_not_the_released_one_is_never_loaded():
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = put_model(registry, 2, strength=2.0)
    release(registry, manifest)
    overwrite(registry, "models/00000002.json", replace(manifest, threshold=0.1).to_bytes())
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert "not the one that was released" in instance.facts("model_check_failed")[-1]["reason"]


def test_a_model_that_does_not_reproduce_its_golden_tickets_is_never_loaded():
    registry = registry_with(1)
    instance = Instance(registry)
    strange = put_model(registry, 2, strength=2.0)
    parts = strange.parts | {ARRAYS: registry.put_blob(small_arrays(2.000001).to_bytes())}
    release(registry, registry.commit(replace(strange, version=3, parts=parts)))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert "golden" in instance.facts("model_check_failed")[-1]["reason"]


def test_a_newer_format_is_refused_by_name():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, overwritten_manifest(registry, 2, format=FORMAT + 1))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert f"format {FORMAT + 1}" in instance.facts("model_check_failed")[-1]["reason"]


@pytest.mark.parametrize("members", [{"weights": None}, {"bias": "high"}, {"unseen_idf": None}, {"weights": {"x": {}}}])
def test_a_manifest_with_members_of_another_kind_never_harms_a_request(members: dict[str, object]):
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, overwritten_manifest(registry, 2, **members))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert instance.facts("model_check_failed")


def test_a_refused_model_is_tried_again_after_a_back_off_and_served_once_it_is_whole():
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = put_model(registry, 2, strength=2.0)
    name = f"blobs/sha256/{manifest.parts[ARRAYS]}"
    body = registry.blob(manifest.parts[ARRAYS])
    overwrite(registry, name, b"damaged")
    release(registry, manifest)

    before = calls(registry).count("get models/00000002.json")
    for _ in range(20):
        instance.clock.advance(SOFT_S)
        assert instance.version() == "1"
    assert 3 <= calls(registry).count("get models/00000002.json") - before <= 5
    overwrite(registry, name, body)
    instance.clock.advance(BACK_OFF_MOST_S)
    assert instance.version() == "2"


def test_a_refused_model_does_not_delay_the_next_one():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, overwritten_manifest(registry, 2, weights=None))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    release(registry, put_model(registry, 3, strength=3.0))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "3"


# Without storage


def test_an_outage_keeps_serving_and_marks_answers_after_three_missed_checks():
    registry = registry_with(1)
    instance = Instance(registry)
    fault = outage(registry)
    stale = []
    for _ in range(4):
        instance.clock.advance(SOFT_S)
        answer = instance.http.post("/predict", json=URGENT_TICKET)
        assert answer.status_code == 200
        stale.append(answer.headers.get("X-Model-Stale"))
    assert stale == [None, None, "15", "20"]
    fault.error = None
    instance.clock.advance(SOFT_S)
    assert "X-Model-Stale" not in instance.http.post("/predict", json=URGENT_TICKET).headers


def test_an_outage_costs_one_try_per_soft_bound():
    registry = registry_with(1)
    instance = Instance(registry)
    outage(registry)
    instance.clock.advance(HARD_S + 1)
    before = len(calls(registry))
    for _ in range(10):
        assert instance.version() == "1"
    assert len(calls(registry)) == before + 1


def test_a_lost_grant_is_an_outage_too():
    registry = registry_with(1)
    instance = Instance(registry)
    outage(registry).error = Forbidden("This identity may not read release.json: storage.objects.get")
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"


def kept(folder: Path, *versions: int) -> Path:
    """A folder with a copy of the last of these versions."""
    registry = registry_with(*versions)
    LocalCopy(folder).keep(registry.current_release()[1], registry)
    return folder


def test_a_cold_start_without_storage_serves_the_baked_bundle(tmp_path: Path):
    registry = registry_with(1)
    fault = outage(registry)
    instance = Instance(registry, {"URGENCY_BAKED_BUNDLE": str(kept(tmp_path, 1, 2, 3))})
    assert instance.version() == "3"
    fault.error = None  # the first pointer that is read wins, though its epoch is lower than the baked one's
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"


def test_a_cold_start_without_storage_prefers_the_disk_copy_to_the_baked_bundle(tmp_path: Path):
    environ = {
        "URGENCY_BAKED_BUNDLE": str(kept(tmp_path / "baked", 1)),
        "URGENCY_DISK_COPY": str(kept(tmp_path / "disk", 1, 2)),
    }
    registry = registry_with(3)
    outage(registry)
    assert Instance(registry, environ).version() == "2"


def test_a_damaged_disk_copy_is_passed_over(tmp_path: Path):
    disk = kept(tmp_path / "disk", 1, 2)
    (disk / "release.json").write_bytes(b"{")
    registry = registry_with(3)
    outage(registry)
    environ = {"URGENCY_DISK_COPY": str(disk), "URGENCY_BAKED_BUNDLE": str(kept(tmp_path / "baked", 1))}
    assert Instance(registry, environ).version() == "1"


def test_a_loaded_model_is_kept_on_disk_where_that_is_configured(tmp_path: Path):
    registry = registry_with(1)
    instance = Instance(registry, {"URGENCY_DISK_COPY": str(tmp_path)})
    release(registry, put_model(registry, 2, strength=2.0))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "2"
    assert LocalCopy(tmp_path).bundle().manifest.version == 2


def test_a_disk_that_cannot_be_written_harms_nothing(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    instance = Instance(registry_with(1), {"URGENCY_DISK_COPY": str(file)})
    assert instance.version() == "1"
    assert instance.facts("local_copy_not_kept")


def test_a_cold_start_without_anything_is_not_ready_and_heals_with_the_first_request_after_the_outage():
    registry = registry_with(1)
    fault = outage(registry)
    instance = Instance(registry)
    assert instance.http.get("/health/ready").status_code == 503
    fault.error = None
    instance.clock.advance(SOFT_S)
    assert instance.http.get("/health/ready").status_code == 200
