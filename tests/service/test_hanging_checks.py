"""Checks of the pointer that hang: requests go on, and the next check is made."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.background import THREADS_MOST
from tests.service.faults import calls, held, memory
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import HARD_S, SOFT_S, Instance
from tests.support.waiting import eventually

in_thread = ThreadPoolExecutor(8).submit

HANGS_AFTER_S = 60
"""Far more than any machine needs."""


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
