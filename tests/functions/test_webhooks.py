"""Webhooks: only who knows the secret is answered, only for five minutes, and never in a log."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.auth import jwt
from werkzeug.datastructures import Headers

from functions.helpdesks import HELPDESKS
from functions.webhooks import REPLAY_WINDOW_S, Answer, Prediction, Ticket, Webhooks
from tests.functions.function_host import FunctionHost, function_host
from tests.functions.signed_webhooks import SECRET, SENDERS, generic, zendesk
from urgency.errors import Unavailable
from urgency.logs import Log
from urgency.messages import TicketScored

CHECKOUT = Path(__file__).parents[2]
NOW = 1_790_000_000.0
URGENT = {"id": 1, "label": "urgent", "urgent": True, "probability": 0.9}
SCORED = Prediction(200, URGENT, version=3, epoch=7)
SIGNED = sorted(SENDERS.keys() - {"freshdesk"})
"""Those that sign a time."""


@dataclass
class World:
    """What a function calls, recorded; `refusal` is raised by the call of that name."""

    asked: list[Ticket] = field(default_factory=list)
    published: list[TicketScored] = field(default_factory=list)
    prediction: Prediction = SCORED
    refusal: str = ""
    log: io.StringIO = field(default_factory=io.StringIO)
    secrets: tuple[tuple[str, str], ...] = tuple((name, SECRET) for name in SENDERS)
    fields: tuple[tuple[str, str], ...] = ()

    def predict(self, ticket: Ticket) -> Prediction:
        self._refuse("predict")
        self.asked.append(ticket)
        return self.prediction

    def publish(self, scored: TicketScored) -> None:
        self._refuse("publish")
        self.published.append(scored)

    def _refuse(self, call: str) -> None:
        if self.refusal == call:
            raise Unavailable(f"{call} is away.")

    def answer(self, name: str, headers: dict[str, str], body: bytes) -> Answer:
        calls = (self.predict, self.publish, Log(stream=self.log))
        webhooks = Webhooks(self.secrets, self.fields, *calls, now=lambda: NOW)
        return webhooks.answer(f"/{name}", Headers(headers), body)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("name", SENDERS)
def test_a_new_ticket_is_scored_published_and_answered(world: World, name: str) -> None:
    answer = world.answer(name, *SENDERS[name](NOW))
    assert (answer.status, answer.members) == (200, URGENT)
    [ticket], [scored] = world.asked, world.published
    assert ticket["title"] == "Checkout is down"
    assert "for all customers" in str(ticket["description"])
    assert "updated_at" not in ticket
    assert (scored.helpdesk, scored.ticket_id) == (name, str(ticket["id"]))
    assert (scored.label, scored.probability, scored.version, scored.epoch) == ("urgent", 0.9, 3, 7)


def test_each_helpdesk_has_an_example() -> None:
    assert SENDERS.keys() == HELPDESKS.keys()


@pytest.mark.parametrize("name", SENDERS)
def test_a_wrong_secret_or_a_changed_body_is_a_401_and_nothing_is_asked(
    world: World, name: str
) -> None:
    headers, body = SENDERS[name](NOW)
    wrong = SENDERS[name](NOW, secret=base64.b64encode(b"other").decode())
    refused = [wrong, ({}, body)]
    if name != "freshdesk":
        refused.append((headers, body.replace(b"down", b"up")))
    for sent in refused:
        assert world.answer(name, *sent).status == 401
    assert not world.asked


@pytest.mark.parametrize("late_s", [-REPLAY_WINDOW_S - 2, REPLAY_WINDOW_S + 2])
@pytest.mark.parametrize("name", SIGNED)
def test_what_was_signed_over_five_minutes_ago_is_not_answered_again(
    world: World, name: str, late_s: float
) -> None:
    answer = world.answer(name, *SENDERS[name](NOW - late_s))
    assert answer.status == 401
    assert "five minutes" in answer.members["detail"]
    assert not world.asked


@pytest.mark.parametrize("name", SIGNED)
def test_within_five_minutes_it_is(world: World, name: str) -> None:
    assert world.answer(name, *SENDERS[name](NOW - REPLAY_WINDOW_S + 2)).status == 200


@pytest.mark.parametrize(
    "timestamp", [None, "soon", True, [], 10**400, float("inf"), -(10**30), "9" * 5_000]
)
def test_a_signed_time_that_is_no_time_is_a_401(world: World, timestamp: object) -> None:
    assert world.answer("jira", *SENDERS["jira"](NOW, timestamp=timestamp)).status == 401


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("zendesk", {"type": "zen:event-type:ticket.status_changed"}),
        ("jira", {"webhookEvent": "jira:issue_updated"}),
        ("github", {"action": "closed"}),
    ],
)
def test_another_event_is_acknowledged_and_not_scored(
    world: World, name: str, changed: dict[str, str]
) -> None:
    assert world.answer(name, *SENDERS[name](NOW, **changed)).members == {"status": "ignored"}
    assert not world.asked


def test_a_body_that_an_administrator_wrote_for_a_zendesk_trigger_is_scored(world: World) -> None:
    flat = {"type": None, "detail": None, "ticket_id": 35436, "subject": "Down", "channel": "Web"}
    assert world.answer("zendesk", *zendesk(NOW, **flat)).status == 200
    assert world.asked == [{"id": 35436, "title": "Down", "source": "Web"}]


def test_a_generic_body_of_any_shape_is_read_where_the_setting_says(world: World) -> None:
    world.fields = (("title", "data.0.x"), ("description", "data.words"), ("id", "data.nr"))
    changed = {"id": None, "subject": "S", "body": None, "data": {"words": "W", "nr": 7}}
    assert world.answer("generic", *generic(NOW, **changed)).status == 200
    assert world.asked == [{"id": 7, "title": "S", "description": "W"}]


def test_while_a_secret_is_changed_both_are_known(world: World) -> None:
    new = base64.b64encode(b"new").decode()
    world.secrets = (("generic", SECRET), ("generic", new))
    assert world.answer("generic", *generic(NOW, secret=new)).status == 200
    assert world.answer("generic", *generic(NOW)).status == 200


@pytest.mark.parametrize("name", ["", "zendesk", "servicenow", "generic/x", "../generic"])
def test_a_helpdesk_without_a_secret_is_not_answered(world: World, name: str) -> None:
    world.secrets = (("generic", SECRET), ("servicenow", SECRET))
    assert world.answer(name, *zendesk(NOW)).status == 404
    assert not world.asked


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"NaN", b"[]", b"null"])
def test_a_signed_body_that_holds_no_ticket_is_refused(world: World, body: bytes) -> None:
    assert world.answer("freshdesk", {"X-Webhook-Token": SECRET}, body).status in (400, 422)
    assert not world.asked


def test_what_the_service_says_of_a_ticket_is_passed_on(world: World) -> None:
    world.prediction = Prediction(422, {"detail": "#: title and description are both empty."})
    answer = world.answer("generic", *generic(NOW))
    assert (answer.status, answer.members["detail"]) == (422, world.prediction.members["detail"])
    assert not world.published


@pytest.mark.parametrize("call", ["predict", "publish"])
def test_what_is_temporary_is_a_503_so_that_the_helpdesk_sends_it_again(
    world: World, call: str
) -> None:
    world.refusal = call
    answer = world.answer("generic", *generic(NOW))
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert not world.published


def test_neither_the_log_nor_the_message_holds_a_tickets_words(world: World) -> None:
    for name, sender in SENDERS.items():
        world.answer(name, *sender(NOW))
        world.answer(name, *sender(NOW, secret=base64.b64encode(b"other").decode()))
    said = world.log.getvalue() + repr([one.to_pubsub() for one in world.published])
    assert not [word for word in ("Checkout", "customers", SECRET) if word in said]
    assert {line["message"] for line in world.lines} == {"ticket_scored", "webhook_refused"}


# In a process of its own, over sockets


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionHost]:
    folder = tmp_path_factory.mktemp("functions")
    with function_host(folder, CHECKOUT / "functions", CHECKOUT) as running:
        yield running


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> None:
    if "host" in request.fixturenames:
        host = request.getfixturevalue("host")
        host.world.requests.clear()
        host.world.answers.clear()


def test_the_function_asks_the_service_with_a_token_and_publishes(host: FunctionHost) -> None:
    host.world.answers["/v1/predict"] = (200, URGENT)
    answer = host.ticket_came("generic", *reversed(generic(time.time())))
    assert (answer.status_code, answer.json()) == (200, URGENT)
    asked, published = (
        next(one for one in host.world.requests if one.path.endswith(path))
        for path in ("/v1/predict", "/v1/projects/helpdesk/topics/ticket-scored:publish")
    )
    token = jwt.decode(asked.headers["Authorization"].removeprefix("Bearer "), verify=False)
    assert token["aud"].startswith("http://127.0.0.1:")
    [message] = json.loads(published.body)["messages"]
    scored = json.loads(base64.b64decode(message["data"]))
    assert (scored["ticket_id"], scored["version"], scored["epoch"]) == ("T-1", 3, 7)
    assert message["attributes"]["label"] == "urgent"


@pytest.mark.parametrize(
    ("path", "answer", "status"),
    [
        ("/v1/predict", (403, {}), 503),
        ("/v1/predict", (429, {}), 503),
        ("/v1/predict", (503, {}), 503),
        ("/v1/predict", (422, {"detail": "no"}), 422),
        (":publish", (403, {}), 503),
    ],
)
def test_the_answer_says_whether_it_helps_to_send_it_again(
    host: FunctionHost, path: str, answer: tuple[int, dict[str, Any]], status: int
) -> None:
    host.world.answers = {path: answer, "/v1/predict": answer if "pre" in path else (200, URGENT)}
    assert host.ticket_came("generic", *reversed(generic(time.time()))).status_code == status


def test_a_body_that_is_too_large_is_not_read(host: FunctionHost) -> None:
    assert host.ticket_came("generic", b" " * 2_000_000, {}).status_code == 413
    assert host.ticket_came("freshdesk", b"{}", {}).status_code == 404
    assert not host.world.requests
