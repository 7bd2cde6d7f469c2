"""What both Pub/Subs promise to Google's own clients, over REST."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.pubsub_v1.types import ReceivedMessage
from werkzeug.wrappers import Response

from tests.support.cloud.pubsub_worlds import (
    ATTEMPTS,
    DEAD,
    PROJECT,
    PULLED,
    PUSHED,
    TOPIC,
    WORLDS,
    World,
)
from tests.support.cloud.receiver import Receiver, SeenRequest, receiver
from tests.support.waiting import eventually

# To see that nothing is there, without waiting for it.
pytestmark = pytest.mark.filterwarnings("ignore:The return_immediately flag:DeprecationWarning")

TOPIC_NAME = f"{PROJECT}/topics/{TOPIC}"
PULLED_NAME = f"{PROJECT}/subscriptions/{PULLED}"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Receiver]:
    with receiver() as place:
        yield place


@pytest.fixture(scope="module", params=WORLDS)
def shared(
    request: pytest.FixtureRequest, endpoint: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with WORLDS[request.param](
        tmp_path_factory.mktemp(request.param), f"{endpoint.url}/push"
    ) as world:
        yield world


@pytest.fixture
def world(shared: World, endpoint: Receiver) -> Iterator[World]:
    """One world for all tests; each leaves it without messages."""
    endpoint.answer = lambda _: Response()
    endpoint.received.clear()
    yield shared
    for name in (PULLED, DEAD):
        while left := pull(shared, name, patient=False):
            acknowledge(shared, name, left)


def publish(world: World, data: bytes, **attributes: str) -> str:
    return str(
        world.publisher.publish(
            topic=TOPIC_NAME, messages=[{"data": data, "attributes": attributes}]
        ).message_ids[0]
    )


def pull(
    world: World, subscription: str = PULLED, *, patient: bool = True
) -> list[ReceivedMessage]:
    name = f"{PROJECT}/subscriptions/{subscription}"
    request: dict[str, Any] = {"subscription": name, "max_messages": 10}
    request["return_immediately"] = True

    def look() -> list[ReceivedMessage]:
        return list(world.subscriber.pull(request=request).received_messages)

    return eventually(look) if patient else look()


def acknowledge(world: World, subscription: str, received: list[ReceivedMessage]) -> None:
    ids = [one.ack_id for one in received]
    world.subscriber.acknowledge(
        subscription=f"{PROJECT}/subscriptions/{subscription}", ack_ids=ids
    )


def refuse(world: World, received: ReceivedMessage) -> None:
    world.subscriber.modify_ack_deadline(
        subscription=PULLED_NAME, ack_ids=[received.ack_id], ack_deadline_seconds=0
    )


def pushes_of(endpoint: Receiver, message: str) -> list[SeenRequest]:
    return [
        one for one in endpoint.received if json.loads(one.body)["message"]["messageId"] == message
    ]


def test_a_published_message_is_pulled_whole(world: World) -> None:
    message = publish(world, b"\x00\xffdata", event="ModelReleased")
    (received,) = pull(world)
    assert (received.message.data, dict(received.message.attributes)) == (
        b"\x00\xffdata",
        {"event": "ModelReleased"},
    )
    assert (received.message.message_id, received.delivery_attempt) == (message, 1)
    assert abs(received.message.publish_time - datetime.now(UTC)) < timedelta(minutes=1)


def test_pull_waits_for_a_message_that_is_there_and_takes_several(world: World) -> None:
    ids = {publish(world, b"a"), publish(world, b"b")}
    got: set[str] = set()
    while got < ids:
        got |= {
            one.message.message_id
            for one in world.subscriber.pull(
                subscription=PULLED_NAME, max_messages=2
            ).received_messages
        }
    assert got == ids


def test_a_leased_message_is_not_handed_out_again_and_an_acknowledged_one_never(
    world: World,
) -> None:
    publish(world, b"x")
    received = pull(world)
    assert pull(world, patient=False) == []
    acknowledge(world, PULLED, received)
    assert pull(world, patient=False) == []


def test_a_refused_message_comes_back_with_its_attempt_counted(world: World) -> None:
    publish(world, b"x")
    refuse(world, pull(world)[0])
    (again,) = pull(world)
    assert (again.message.data, again.delivery_attempt) == (b"x", 2)


def test_after_its_last_attempt_a_message_is_a_dead_letter_that_says_where_it_came_from(
    world: World,
) -> None:
    publish(world, b"cursed", event="x")
    for _ in range(ATTEMPTS):
        refuse(world, pull(world)[0])
    # the emulator buries when somebody looks at the source
    (dead,) = eventually(lambda: pull(world, patient=False) or pull(world, DEAD, patient=False))
    attributes = dict(dead.message.attributes)
    assert (dead.message.data, attributes["event"]) == (b"cursed", "x")
    assert attributes["CloudPubSubDeadLetterSourceSubscription"] == PULLED
    assert attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == str(ATTEMPTS)
    assert pull(world, patient=False) == []


def test_a_push_carries_message_and_subscription_in_googles_envelope(
    world: World, endpoint: Receiver
) -> None:
    message = publish(world, b"pushed", event="x")
    (request,) = eventually(lambda: pushes_of(endpoint, message))
    envelope = json.loads(request.body)
    assert (request.method, request.path) == ("POST", "/push")
    assert envelope["subscription"] == f"{PROJECT}/subscriptions/{PUSHED}"
    assert base64.b64decode(envelope["message"]["data"]) == b"pushed"
    assert envelope["message"]["attributes"] == {"event": "x"}
    assert envelope["message"]["message_id"] == message
    assert envelope["message"]["publishTime"] == envelope["message"]["publish_time"]


def test_a_push_bears_an_id_token_of_its_service_account(world: World, endpoint: Receiver) -> None:
    message = publish(world, b"pushed")
    (request,) = eventually(lambda: pushes_of(endpoint, message))
    assert ("authorization" in request.headers) is not world.differs("pushes bear no token")


@pytest.mark.parametrize("refusal", [400, 429, 500, 503])
def test_a_push_that_is_refused_is_made_again(
    world: World, endpoint: Receiver, refusal: int
) -> None:
    endpoint.answer = lambda _: Response(status=refusal if len(endpoint.received) == 1 else 200)
    message = publish(world, b"x")
    eventually(lambda: len(pushes_of(endpoint, message)) == 2)


@pytest.mark.parametrize("acceptance", [200, 201, 202, 204])
def test_a_push_that_is_accepted_is_made_once(
    world: World, endpoint: Receiver, acceptance: int
) -> None:
    endpoint.answer = lambda got: Response(status=acceptance if b'"first"' in got.body else 200)
    first = publish(world, b"x", n="first")
    eventually(lambda: pushes_of(endpoint, first))
    # a second message that went all the way there gave the first one time to come again
    for _ in range(20):
        later = publish(world, b"y")
        eventually(lambda later=later: pushes_of(endpoint, later))
    again = acceptance == 202 and world.differs("refuses a 202")
    assert (len(pushes_of(endpoint, first)) > 1) is again


def test_an_unknown_topic_or_subscription_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.publisher.publish(topic=TOPIC_NAME + "-x", messages=[{"data": b"x"}])
    with pytest.raises(NotFound):
        world.subscriber.pull(subscription=PULLED_NAME + "-x", max_messages=1)


def test_a_message_without_data_and_attributes_is_refused(world: World) -> None:
    with pytest.raises(BadRequest):
        world.publisher.publish(topic=TOPIC_NAME, messages=[{}])
