"""A registry that stalls while people look into it: they are told, and nobody else waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from service.door import THREADS
from service.model_cards import LOOK_UPS_MOST
from tests.service.faults import Hold, corrupt, held
from tests.service.problem_answer import problem_of
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.asgi import Answered, ask
from tests.support.service.service import Instance
from tests.support.waiting import eventually

FOR_EVER_S = 24 * 3600.0


@pytest.fixture
def instance() -> Instance:
    return Instance(registry_with(1, 2))


@pytest.fixture
def stalled(instance: Instance) -> Iterator[Hold]:
    assert instance.registry
    with held(instance.registry.objects, "before list models/") as hold:
        yield hold


@pytest.mark.usefixtures("stalled")
def test_a_history_that_does_not_come_is_a_503_that_says_when_to_try_again(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("service.model_cards.LOOK_UP_WAIT_S", 0.01)
    for _ in range(LOOK_UPS_MOST + 2):
        answer = instance.http.get("/v1/models")
        problem_of(answer, 503)
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["X-Model-Version"] == "2"


@pytest.mark.usefixtures("stalled")
def test_the_page_comes_without_its_history(instance: Instance, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.model_cards.LOOK_UP_WAIT_S", 0.01)
    page = instance.http.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "They cannot be listed now" in page.text


def test_those_who_look_at_history_leave_threads_to_those_who_predict(
    instance: Instance, stalled: Hold, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("service.model_cards.LOOK_UP_WAIT_S", FOR_EVER_S)
    csv = {"Content-Type": "text/csv"}

    async def predictions() -> list[Answered]:
        looks = [
            asyncio.create_task(ask(instance.door, method="GET", target="/v1/models", headers={}))
            for _ in range(2 * THREADS)
        ]
        refused = len(looks) - LOOK_UPS_MOST
        while sum(look.done() for look in looks) < refused:
            await asyncio.sleep(0.001)
        answers = [
            await ask(instance.door, URGENT_TICKET),
            await ask(instance.door, b"title\nCheckout is down\n", headers=csv),
            await ask(instance.door, method="GET", target="/health/ready", headers={}),
        ]
        stalled.released.set()
        statuses = sorted([(await look).status for look in looks])
        assert statuses == [200] * LOOK_UPS_MOST + [503] * refused
        return answers

    answers = asyncio.run(asyncio.wait_for(predictions(), 120))
    assert [answer.status for answer in answers] == [200, 200, 200]


def test_once_storage_answers_again_the_history_is_there(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    assert instance.registry
    with held(instance.registry.objects, "before list models/"):
        monkeypatch.setattr("service.model_cards.LOOK_UP_WAIT_S", 0.01)
        problem_of(instance.http.get("/v1/models"), 503)
    monkeypatch.undo()
    assert eventually(lambda: instance.http.get("/v1/models").status_code == 200)


def test_a_card_that_does_not_come_or_is_damaged_is_a_503(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    assert instance.registry
    corrupt(instance.registry, "models/00000001.json")
    damaged = instance.http.get("/v1/models/1/card")
    problem_of(damaged, 503)
    assert damaged.headers["Retry-After"] == "30"
    monkeypatch.setattr("service.model_cards.LOOK_UP_WAIT_S", 0.01)
    with held(instance.registry.objects, "before get models/00000002.json"):
        problem_of(instance.http.get("/v1/models/2/card"), 503)
