"""The short way past Flask: the same answers, a bounded number of them, and nobody is held up."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.wiring_file import load_wiring
from service import door as door_module
from service.answers import BODY_MAX_BYTES
from service.door import BATCH_BYTES, PLACE_BYTES
from tests.service.faults import held, outage
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.asgi import JSON, Answered, ask
from tests.support.service.service import HARD_S, SOFT_S, Instance
from tests.support.waiting import HANGS_S

ONE = json.dumps(URGENT_TICKET).encode()
BATCH = json.dumps({"instances": [URGENT_TICKET] * 1_000}).encode()
TRACE = "0af7651916cd43dd8448eb211c80319c"
NOT_COMPARED = {"server-timing"}

REQUESTS: dict[str, dict[str, Any]] = {
    "a ticket": {"body": URGENT_TICKET},
    "instances": {"body": {"instances": [URGENT_TICKET] * 3, "parameters": {"explain": 3}}},
    "a batch": {"body": BATCH},
    "an id, a helpdesk's words": {"body": {"id": 7, "subject": "x", "flurb": 1}},
    "in pieces": {"body": BATCH, "pieces": 7},
    "no content type": {"body": ONE, "headers": {}},
    "a charset": {"body": ONE, "headers": {"Content-Type": "application/json; charset=utf-8"}},
    "another charset": {"body": ONE, "headers": {"Content-Type": "application/json; charset=x"}},
    "capitals": {"body": ONE, "headers": {"Content-Type": "Application/JSON"}},
    "text": {"body": ONE, "headers": {"Content-Type": "text/plain"}},
    "compressed": {"body": ONE, "headers": JSON | {"Content-Encoding": "gzip"}},
    "as it is": {"body": ONE, "headers": JSON | {"Content-Encoding": "identity"}},
    "a strange id": {"body": ONE, "headers": JSON | {"X-Request-Id": "é" * 3}},
    "two ids": {"body": ONE, "headers": JSON | {"X-Request-Id": "a", "x-request-id": "b"}},
    "the alias": {"body": ONE, "target": "/predict"},
    "a query": {"body": ONE, "target": "/v1/predict?a=b"},
    "a slash more": {"body": ONE, "target": "/v1/predict/"},
    "nowhere": {"body": ONE, "target": "/nowhere?x=1"},
    "GET": {"method": "GET"},
    "HEAD": {"method": "HEAD"},
    "OPTIONS": {"method": "OPTIONS"},
    "ready": {"method": "GET", "target": "/health/ready"},
    "ready, another name": {"method": "GET", "target": "/ping"},
    "ready, asked by HEAD": {"method": "HEAD", "target": "/health/ready"},
    "ready, asked by POST": {"target": "/health/ready"},
    "live": {"method": "GET", "target": "/health/live"},
    "live, with a body": {"method": "GET", "target": "/health/live?x=1", "body": ONE},
    "a limit": {"method": "GET", "target": "/v1/models?limit=0"},
    "reload": {"target": "/v1/model:reload"},
    "nothing": {"body": b""},
    "no JSON": {"body": b"{"},
    "not UTF-8": {"body": b"\xff\xfe{\x00"},
    "deep": {"body": b"[" * 100_000},
    "NaN": {"body": b'{"title": NaN}'},
    "a wrong type": {"body": {"title": 3}},
    "an empty ticket": {"body": {}},
    "bad ones among good ones": {"body": {"instances": [URGENT_TICKET, {}, {"title": []}]}},
    "too many": {"body": {"instances": [URGENT_TICKET] * 1_001}},
    "the greatest": {"body": b'{"title": "x"}'.ljust(BODY_MAX_BYTES)},
    "too large": {"body": b" " * (BODY_MAX_BYTES + 1)},
    "far too large": {"body": b" " * (3 * BODY_MAX_BYTES), "pieces": 100},
}


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


def by_flask(instance: Instance, request: dict[str, Any]) -> Answered:
    """What Flask alone answers."""
    body = request.get("body", b"")
    answer = instance.http.open(
        request.get("target", "/v1/predict"),
        method=request.get("method", "POST"),
        data=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers=request.get("headers", JSON),
    )
    headers = {name.lower(): value for name, value in answer.headers}
    return Answered(answer.status_code, headers, answer.data)


def compared(answer: Answered) -> Answered:
    """Without what differs from one request to the next."""
    headers = {name: value for name, value in answer.headers.items() if name not in NOT_COMPARED}
    headers["x-request-id"] = re.sub("[0-9a-f]{16}", "made", headers["x-request-id"])
    return Answered(answer.status, headers, answer.body)


def counted(instance: Instance) -> str:
    """The counters of answers, tickets and seconds, without how long it took."""
    text = instance.http.get("/metrics").text
    return "\n".join(
        re.findall(r"^urgency_(?:requests|predictions|predict_seconds_count).*", text, re.M)
    )


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("model", ["a model", "none"])
def test_the_door_answers_and_counts_as_flask_does(name: str, model: str):
    ours, flasks = (Instance(registry_with(*([1, 2] if model == "a model" else []))) for _ in "ab")
    answer = asyncio.run(ask(ours.door, **REQUESTS[name]))
    assert compared(answer) == compared(by_flask(flasks, REQUESTS[name]))
    assert "server-timing" in answer.headers
    assert counted(ours) == counted(flasks)


def test_an_unexpected_error_is_a_problem_too_and_logged_without_text(
    monkeypatch: pytest.MonkeyPatch,
):
    instance = Instance(registry_with(1))

    def broken(*_arguments: object) -> bytes:
        raise RuntimeError(URGENT_TICKET["title"])

    monkeypatch.setattr(instance.door._answers, "answer", broken)
    headers = JSON | {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    asked: dict[str, Any] = {"body": URGENT_TICKET, "headers": headers}
    answer = asyncio.run(ask(instance.door, **asked))
    assert compared(answer) == compared(by_flask(instance, asked))
    assert answer.status == 500
    lines = instance.facts("request_failed")
    assert [line["path"] for line in lines] == ["/v1/predict"] * 2
    traces = [line["logging.googleapis.com/trace"] for line in lines]
    assert traces == [f"projects/local-helpdesk/traces/{TRACE}"] * 2
    assert URGENT_TICKET["title"] not in instance.written.getvalue()


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen(instance: Instance):
    for target in ("/v1/predict", "/health/live"):
        headers = JSON | {"X_Request_Id": "mine", "Content_Encoding": "gzip"}
        answer = asyncio.run(ask(instance.door, ONE, target=target, headers=headers))
        assert (answer.status, answer.headers["x-request-id"]) != (415, "mine")
        assert answer.headers["x-request-id"] != "mine"


def test_a_client_that_goes_away_gets_no_answer_and_is_not_counted():
    instance = Instance(registry_with(1))

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    asyncio.run(instance.door({}, gone, send))
    assert "requests_total" not in counted(instance)


# Load


async def at_once(instance: Instance, *bodies: bytes) -> list[Answered]:
    return await asyncio.gather(*(ask(instance.door, body) for body in bodies))


async def in_turn(instance: Instance, *rounds: list[bytes]) -> list[list[Answered]]:
    return [await at_once(instance, *bodies) for bodies in rounds]


def statuses(answers: list[Answered]) -> list[int]:
    return [answer.status for answer in answers]


def test_beyond_its_places_a_request_is_refused_unparsed_and_told_when_to_come_again():
    instance = Instance(registry_with(1))
    instance.door._places = 3
    overload = [ONE] * 3 + [b"no JSON"] * 4
    answers, later = asyncio.run(in_turn(instance, overload, [ONE] * 3))
    assert statuses(answers) == [200] * 3 + [503] * 4
    refused = answers[-1]
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert {"x-request-id", "x-model-version", "server-timing"} <= set(refused.headers)
    assert refused.json["error"] == refused.json["detail"]
    assert 'route="predict",code="503"} 4' in counted(instance)
    assert statuses(later) == [200] * 3


def test_a_large_body_takes_several_places():
    instance = Instance(registry_with(1))
    instance.door._places = 3
    large = ONE.ljust(PLACE_BYTES)
    two_large, mixed = asyncio.run(in_turn(instance, [large, large], [large, ONE, ONE]))
    assert statuses(two_large) == [200, 503]
    assert statuses(mixed) == [200, 200, 503]


def test_the_largest_body_finds_a_place(instance: Instance):
    assert 1 + BODY_MAX_BYTES // PLACE_BYTES <= door_module.PLACES


def test_cloud_run_sends_fewer_at_a_time_so_that_its_probes_find_a_place():
    [service] = load_wiring().services
    assert 0.7 * door_module.PLACES < service.concurrency < door_module.PLACES


def test_refusals_go_out_one_by_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door_module, "REFUSAL_GAP_S", gap_s := 3_600.0)
    instance = Instance(registry_with(1))
    door, waiting = instance.door, []
    door._places = 0

    async def refused() -> list[Answered | None]:
        now = asyncio.get_running_loop().time()
        asked = [asyncio.create_task(ask(door, ONE)) for _ in range(6)]
        while len(door._turns) < len(asked):
            await asyncio.sleep(0)
        for gaps in (0.9, 1.1, 3.1, 1.1):  # a turn of the loop may be late: then several are due
            door._refuse_next(now - gaps * gap_s)
            waiting.append(len(door._turns))
        return await asyncio.wait_for(asyncio.gather(*asked), HANGS_S)

    assert statuses(asyncio.run(refused())) == [503] * 6
    assert waiting == [5, 4, 1, 0]


def test_refusals_go_on_until_nobody_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door_module, "REFUSAL_GAP_S", 1e-6)
    instance = Instance(registry_with(1))
    instance.door._places = 0
    for _ in "ab":
        assert statuses(asyncio.run(at_once(instance, *[ONE] * 20))) == [503] * 20
        assert not instance.door._turns
        assert not instance.door._is_refusing


def test_who_waits_to_be_refused_and_goes_away_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door_module, "REFUSAL_GAP_S", 3_600.0)
    instance = Instance(registry_with(1))
    instance.door._places = 0

    async def many() -> list[Answered | None]:
        gone = asyncio.Event()
        asked = [asyncio.create_task(ask(instance.door, ONE, gone=gone)) for _ in range(50)]
        while len(instance.door._turns) < len(asked):
            await asyncio.sleep(0)
        gone.set()
        return await asyncio.wait_for(asyncio.gather(*asked), HANGS_S)

    assert asyncio.run(many()) == [None] * 50
    assert not instance.door._turns


# Nobody is held up


@pytest.mark.parametrize(("turn_s", "turns"), [(0.0, 5), (3_600.0, 1)])
def test_answers_hold_the_loop_no_longer_than_a_turn(
    monkeypatch: pytest.MonkeyPatch, turn_s: float, turns: int
):
    monkeypatch.setattr(door_module, "TURN_S", turn_s)
    instance = Instance(registry_with(1))
    made, turn, seen = instance.door._made, [0], []

    def noted(*arguments: Any) -> Any:
        seen.append(turn[0])
        return made(*arguments)

    monkeypatch.setattr(instance.door, "_made", noted)

    async def answered() -> list[Answered]:
        def next_turn() -> None:
            turn[0] += 1
            asyncio.get_running_loop().call_soon(next_turn)

        next_turn()
        return await at_once(instance, *[ONE] * 5)

    assert statuses(asyncio.run(answered())) == [200] * 5
    assert len({*seen}) == turns


def test_probes_wait_for_no_prediction(monkeypatch: pytest.MonkeyPatch):
    instance = Instance(registry_with(1))
    made, order = instance.door._made, []

    def noted(name: str, *arguments: Any) -> Any:
        order.append(name)
        return made(name, *arguments)

    monkeypatch.setattr(instance.door, "_made", noted)

    async def all_at_once() -> None:
        probe = {"method": "GET", "target": "/health/live"}
        asked = [*(ask(instance.door, ONE) for _ in range(5)), ask(instance.door, **probe)]
        await asyncio.gather(*asked)

    asyncio.run(all_at_once())
    assert order == ["live", *["predict"] * 5]


def test_where_flask_cannot_be_made_that_is_a_problem_and_is_counted(
    monkeypatch: pytest.MonkeyPatch,
):
    instance = Instance(registry_with(1))
    monkeypatch.setattr(instance.door, "_app", None)
    made = instance.door._web

    def broken() -> Any:
        monkeypatch.setattr(instance.door, "_web", made)
        raise ImportError("secret")

    monkeypatch.setattr(instance.door, "_web", broken)
    failed, page = (asyncio.run(ask(instance.door, method="GET", target="/v1/model")) for _ in "ab")
    assert (failed.status, failed.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in failed.body.decode() + instance.written.getvalue()
    assert instance.facts("request_failed")
    assert 'route="none",code="500"} 1' in counted(instance)
    assert page.status == 200


@contextmanager
def stopped(instance: Instance, stops: Any) -> Iterator[threading.Event]:
    """Predictions whose body `stops` wait, in whatever thread makes them; set: one is there."""
    entered, released = threading.Event(), threading.Event()
    answers = instance.door._answers
    answer = answers.answer

    def slow(name: str, body: bytes, *arguments: Any) -> bytes:
        if stops(body):
            entered.set()
            assert released.wait(HANGS_S), "the test hangs"
        return answer(name, body, *arguments)

    answers.answer = slow  # type: ignore[method-assign]
    try:
        yield entered
    finally:
        released.set()
        answers.answer = answer  # type: ignore[method-assign]


def test_a_batch_is_answered_in_a_thread_while_others_are_answered():
    instance = Instance(registry_with(1))

    async def batch_and_others() -> None:
        with stopped(instance, lambda body: len(body) >= BATCH_BYTES) as entered:
            batch = asyncio.create_task(ask(instance.door, BATCH))
            await asyncio.to_thread(entered.wait, HANGS_S)
            assert statuses(await at_once(instance, ONE, ONE)) == [200, 200]
            assert not batch.done()
        assert (await batch).status == 200

    asyncio.run(batch_and_others())


def test_a_route_that_waits_for_storage_holds_up_no_prediction():
    instance = Instance(registry_with(1))

    async def history_and_others() -> None:
        with held(instance.registry.objects, "before list models/") as hold:
            history = asyncio.create_task(
                ask(instance.door, method="GET", target="/v1/models", headers={})
            )
            await asyncio.to_thread(hold.entered.wait, HANGS_S)
            assert statuses(await at_once(instance, ONE)) == [200]
            assert not history.done()
        assert (await history).status == 200

    asyncio.run(history_and_others())


def test_one_request_waits_for_the_check_of_the_pointer_and_the_others_do_not():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    instance.clock.advance(SOFT_S)

    async def checking_and_others() -> None:
        with held(registry.control, "before get release.json") as hold:
            checking = asyncio.create_task(ask(instance.door, ONE))
            await asyncio.to_thread(hold.entered.wait, HANGS_S)
            others = await at_once(instance, *[ONE] * 20)
            assert {one.headers["x-model-version"] for one in others} == {"1"}
            assert not checking.done()
        assert (await checking).headers["x-model-version"] == "2"

    asyncio.run(checking_and_others())


def test_beyond_the_hard_bound_all_wait_for_the_check(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door_module, "CHECK_WAIT_S", HANGS_S)
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, put_model(registry, 2, strength=2.0))
    instance.clock.advance(HARD_S + 1)

    async def all_while_checking() -> list[Answered]:
        with held(registry.control, "before get release.json"):
            asking = asyncio.gather(*(ask(instance.door, ONE) for _ in range(20)))
            for _ in range(10):
                await asyncio.sleep(0)
            assert not asking.done()
        return await asking

    answers = asyncio.run(all_while_checking())
    assert {one.headers["x-model-version"] for one in answers} == {"2"}


def test_beyond_the_hard_bound_nobody_waits_for_ever():
    registry = registry_with(1)
    instance = Instance(registry)
    instance.clock.advance(HARD_S + 1)

    async def others_while_checking() -> None:
        with held(registry.control, "before get release.json") as hold:
            checking = asyncio.create_task(ask(instance.door, ONE))
            await asyncio.to_thread(hold.entered.wait, HANGS_S)
            assert statuses(await at_once(instance, *[ONE] * 20)) == [200] * 20
        await checking

    asyncio.run(others_while_checking())


def test_a_pointer_that_cannot_be_read_is_told_as_flask_tells_it():
    instance = Instance(registry_with(1))
    outage(instance.registry)
    for _ in range(3):
        instance.clock.advance(SOFT_S)
        answer = asyncio.run(ask(instance.door, ONE))
    assert (answer.status, answer.headers["x-model-stale"]) == (200, str(int(3 * SOFT_S)))
