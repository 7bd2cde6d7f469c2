from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from service.model_slot import LOG_EVERY_S
from service.predict import Prediction, predict
from tests.service.faults import calls, held
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import SOFT_S, Instance
from tests.support.waiting import eventually
from urgency.errors import Unavailable

in_thread = ThreadPoolExecutor(8).submit

HANGS_AFTER_S = 60
"""Far more than any machine needs."""


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
    manifest = registry.manifest(1)
    assert manifest
    token, current = registry.current_release()
    registry.move_release(
        replace(current, epoch=1, champion=1, manifest_sha256=manifest.sha256), token
    )
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


def test_an_instance_that_answers_logs_every_minute_what_it_serves_without_storage_too():
    registry = registry_with(1)
    instance = Instance(registry)

    def away(_when: str) -> None:
        raise Unavailable("Storage does not answer.")

    registry.control.fault = away
    for _ in range(int(2 * LOG_EVERY_S / SOFT_S)):
        instance.clock.advance(SOFT_S)
        assert instance.version() == "1"
    facts = [(fact["version"], fact["epoch"]) for fact in instance.facts("model_serving")]
    assert facts == [(1, 1)] * 3


def test_only_one_request_loads_and_the_others_go_on_with_the_old_model():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    before = calls(registry).count("get models/00000002.json")
    instance.clock.advance(SOFT_S)
    with held(registry.objects, "before get models/00000002.json") as hold:
        loading = in_thread(instance.version)
        assert hold.entered.wait(HANGS_AFTER_S)
        assert [instance.version() for _ in range(5)] == ["1"] * 5
    loading.result(HANGS_AFTER_S)
    assert eventually(lambda: instance.version() == "2")
    assert calls(registry).count("get models/00000002.json") == before + 1


def test_an_answer_is_of_one_model_though_another_is_taken_over_while_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
):
    registry = registry_with(1)
    instance = Instance(registry)

    def meanwhile_released(*asked: Any) -> list[Prediction]:
        monkeypatch.undo()
        release(registry, put_model(registry, 2, strength=2.0))
        instance.clock.advance(SOFT_S)
        assert in_thread(instance.version).result(HANGS_AFTER_S) == "2"
        return predict(*asked)

    monkeypatch.setattr("service.answers.predict", meanwhile_released)
    answer = instance.http.post("/predict", json={"instances": [URGENT_TICKET]})
    model = answer.json["model"]
    assert (model["version"], model["epoch"]) == (1, 1)
    assert (answer.headers["X-Model-Version"], answer.headers["X-Model-Epoch"]) == ("1", "1")


def test_no_answer_mixes_two_models_while_releases_go_by():
    registry = registry_with(1)
    instance = Instance(registry, {"URGENCY_POINTER_SOFT_S": "0.000001"}, clock=time.monotonic)
    scores: dict[str, set[float]] = defaultdict(set)
    stop = threading.Event()

    def ask() -> None:
        http = instance.http.application.test_client()
        while not stop.is_set():
            answer = http.post("/predict", json={"instances": [URGENT_TICKET]})
            version = answer.headers["X-Model-Version"]
            assert str(answer.json["model"]["version"]) == version
            scores[version].add(answer.json["predictions"][0]["probability"])

    asking = [in_thread(ask) for _ in range(4)]
    for version in range(2, 12):
        release(registry, put_model(registry, version, strength=1 + version / 10))
        eventually(lambda version=version: str(version) in scores, HANGS_AFTER_S)
    stop.set()
    for thread in asking:
        thread.result(HANGS_AFTER_S)
    assert len(scores) >= 11 - 1
    assert all(len(of_version) == 1 for of_version in scores.values())
    assert len({score for of_version in scores.values() for score in of_version}) == len(scores)
