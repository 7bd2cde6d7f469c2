from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from google.pubsub_v1 import PublisherClient
from werkzeug.wrappers import Response

from infra.local.wiring import Wiring
from tests.support.cloud.receiver import Receiver, SeenRequest, receiver
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud, without
from tests.support.waiting import eventually

AGENT = WIRING.agents["pubsub"]
SUBSCRIPTION = next(one for one in WIRING.subscriptions if one.name == "on-model-released")
PUSHER = SUBSCRIPTION.push.service_account
FUNCTION = next(one for one in WIRING.functions if SUBSCRIPTION.push.endpoint == one.uri)
ATTEMPTS = SUBSCRIPTION.max_delivery_attempts


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def world(
    ending: ExitStack, folder: Path, wiring: Wiring = WIRING, speedup: float = 1000
) -> tuple[Cloud, Receiver]:
    endpoint = ending.enter_context(receiver())
    return ending.enter_context(
        cloud(folder, wiring, fronts={FUNCTION.uri: endpoint.url}, speedup=speedup)
    ), endpoint


def publish(place: Cloud, data: bytes = b"x") -> str:
    client = PublisherClient(transport="rest", **place.options("urgency-train"))
    topic = client.topic_path(WIRING.project, SUBSCRIPTION.topic)
    return str(client.publish(topic=topic, messages=[{"data": data}]).message_ids[0])


def refuse(_: SeenRequest) -> Response:
    return Response(status=500)


def attempts(endpoint: Receiver) -> list[int]:
    return [json.loads(request.body)["deliveryAttempt"] for request in endpoint.received]


def test_a_push_bears_a_token_of_the_subscriptions_identity_for_its_audience(
    tmp_path: Path, ending: ExitStack
) -> None:
    place, endpoint = world(ending, tmp_path)
    publish(place)
    (request,) = eventually(lambda: endpoint.received)
    claims = place.identity.verify_id_token(
        request.headers["authorization"].removeprefix("Bearer ")
    )
    assert (claims["email"], claims["aud"]) == (PUSHER, SUBSCRIPTION.push.audience)


def test_without_the_token_creator_grant_a_push_has_no_token_and_a_note_says_so(
    tmp_path: Path, ending: ExitStack
) -> None:
    wiring = without("roles/iam.serviceAccountTokenCreator", f"serviceAccounts/{PUSHER}")
    place, endpoint = world(ending, tmp_path, wiring)
    publish(place)
    (request,) = eventually(lambda: endpoint.received)
    assert "authorization" not in request.headers
    assert [line["who"] for line in place.hops("push_token_refused")] == [AGENT]


def refused(place: Cloud) -> list[dict[str, Any]]:
    """Of the first subscription: nobody answers where dead letters are told, either."""
    return [one for one in place.hops("push_refused") if one["subscription"] == SUBSCRIPTION.name]


def test_attempts_are_counted_until_the_message_is_a_dead_letter(
    tmp_path: Path, ending: ExitStack
) -> None:
    place, endpoint = world(ending, tmp_path)
    endpoint.answer = refuse
    message = publish(place)
    dead = eventually(
        lambda: [
            line for line in place.hops("message_published") if line["topic"] == "dead-letters"
        ]
    )
    assert dead[0]["who"] == AGENT
    assert attempts(endpoint) == list(range(1, ATTEMPTS + 1))
    refusals = eventually(lambda: len(refused(place)) == ATTEMPTS and refused(place))
    assert {(line["message"], line["status"]) for line in refusals} == {(message, 500)}


@pytest.mark.parametrize(
    ("role", "resource"),
    [
        ("roles/pubsub.publisher", "topics/dead-letters"),
        ("roles/pubsub.subscriber", f"subscriptions/{SUBSCRIPTION.name}"),
    ],
)
def test_without_either_grant_of_the_agent_a_message_stays_and_is_pushed_again(
    tmp_path: Path, ending: ExitStack, role: str, resource: str
) -> None:
    place, endpoint = world(ending, tmp_path, without(role, resource), speedup=10_000)
    endpoint.answer = refuse
    publish(place)
    eventually(lambda: len(endpoint.received) > ATTEMPTS)
    assert [line["topic"] for line in place.hops("message_published")] == [SUBSCRIPTION.topic]
    assert place.hops("dead_letter_refused")[0]["subscription"] == SUBSCRIPTION.name


def test_the_timeline_tells_each_delivery_with_its_status_and_latency(
    tmp_path: Path, ending: ExitStack
) -> None:
    place, _ = world(ending, tmp_path)
    message = publish(place)
    (line,) = eventually(lambda: place.hops("push_delivered"))
    assert (line["subscription"], line["message"], line["attempt"]) == (
        SUBSCRIPTION.name,
        message,
        1,
    )
    assert (line["status"], line["who"]) == (200, PUSHER)
    assert 0 <= line["latency_ms"] < 10_000
