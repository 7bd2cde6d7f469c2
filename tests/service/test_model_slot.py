from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from service.background import THREADS_MOST
from service.model_slot import LOG_EVERY_S
from tests.service.faults import calls, held, memory
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import HARD_S, SOFT_S, Instance
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


def test_after_the_hard_bound_every_request_waits_for_the_running_check():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, registry.bundle(1).manifest)
    before = calls(registry).count("get release.json")
    instance.clock.advance(HARD_S + 1)
    with held(registry.control, "before get release.json") as hold:
        answers = [in_thread(instance.epoch)]
        assert hold.entered.wait(HANGS_AFTER_S)
        looked = len(instance.clock.reads)
        answers += [in_thread(instance.epoch) for _ in range(3)]
        eventually(lambda: len(instance.clock.reads) == looked + 3)
    assert [answer.result(HANGS_AFTER_S) for answer in answers] == ["2"] * 4
    assert calls(registry).count("get release.json") == before + 1


def test_requests_go_on_while_a_check_hangs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.model_slot.CHECK_WAIT_S", 24 * 3600)
    registry = registry_with(1)
    instance = Instance(registry)
    instance.clock.advance(SOFT_S)
    with held(registry.control, "before get release.json") as hold:
        checking = in_thread(instance.version)
        assert hold.entered.wait(HANGS_AFTER_S)
        assert [instance.version() for _ in range(50)] == ["1"] * 50
        assert not checking.done()
    assert checking.result(HANGS_AFTER_S) == "1"


def test_nobody_waits_for_the_end_of_a_check_that_hangs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.model_slot.CHECK_WAIT_S", 0.01)
    registry = registry_with(1)
    instance = Instance(registry)
    instance.clock.advance(HARD_S + 1)
    with held(registry.control, "before get release.json") as hold:
        assert [instance.version() for _ in range(5)] == ["1"] * 5
        assert hold.entered.is_set()


def checks(instance: Instance, result: str) -> int:
    name = f'urgency_pointer_checks_total{{result="{result}"}} '
    lines = instance.http.get("/metrics").text.splitlines()
    return sum(int(line.removeprefix(name)) for line in lines if line.startswith(name))


def test_checks_that_hang_for_ever_are_missed_and_the_next_one_is_made(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("service.model_slot.CHECK_WAIT_S", 0.01)
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    with held(registry.control, "before get release.json"):
        for _ in range(4):
            instance.clock.advance(SOFT_S)
            assert instance.version() == "1"
        answer = instance.http.post("/predict", json=URGENT_TICKET)
        assert answer.headers["X-Model-Stale"] == "20"
        assert checks(instance, "missed") == 3, "and the fourth is under way"
        memory(registry.control).fault = lambda _when: None
        monkeypatch.undo()
        instance.clock.advance(SOFT_S)
        answer = instance.http.post("/predict", json=URGENT_TICKET)
        assert answer.headers["X-Model-Version"] == "2", "the others hang on"
        assert "X-Model-Stale" not in answer.headers
    assert len(instance.facts("model_check_failed")) == 1, "one line for all that hang"


def test_threads_that_hang_do_not_pile_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.model_slot.CHECK_WAIT_S", 0.01)
    registry = registry_with(1)
    instance = Instance(registry)
    asked, running = calls(registry).count("get release.json"), threading.active_count()
    with held(registry.control, "before get release.json"):
        for _ in range(3 * THREADS_MOST):
            instance.clock.advance(SOFT_S)
            assert instance.version() == "1"
        assert threading.active_count() <= running + THREADS_MOST
        assert calls(registry).count("get release.json") <= asked + THREADS_MOST
        assert checks(instance, "missed") == 3 * THREADS_MOST - 1, "the last one is under way"
    eventually(lambda: threading.active_count() <= running)
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert instance.http.post("/predict", json=URGENT_TICKET).headers.get("X-Model-Stale") is None


def test_a_load_that_hangs_costs_requests_nothing_and_the_pointer_is_checked_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("service.model_slot.CHECK_WAIT_S", 0.01)
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    running = threading.active_count()
    with held(registry.objects, "before get models/00000002.json"):
        for _ in range(5):
            instance.clock.advance(SOFT_S)
            assert instance.version() == "1"
        eventually(lambda: checks(instance, "answered") == 1 + 5)
        eventually(lambda: threading.active_count() == running + 1)  # that of the load
    assert eventually(lambda: instance.version() == "2")


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
