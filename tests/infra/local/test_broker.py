from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.pocket.broker import Broker, Delivery, back_off_s
from infra.local.timeline import Timeline, read_timeline
from infra.local.wiring_file import load_wiring

WIRING = load_wiring()
PUSHED = next(one for one in WIRING.subscriptions if one.dead_letter_topic)
DEAD = next(one for one in WIRING.subscriptions if one.topic == PUSHED.dead_letter_topic)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_broker(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Broker]]:
    opened: list[Broker] = []

    def open_it(*, may_dead_letter: bool = True, speedup: float = 1.0) -> Broker:
        timeline = Timeline(tmp_path / "events.jsonl")
        file = tmp_path / "pubsub.sqlite"
        opened.append(
            Broker(
                file,
                WIRING,
                timeline,
                may_dead_letter=lambda _: may_dead_letter,
                clock=clock,
                speedup=speedup,
            )
        )
        return opened[-1]

    yield open_it
    for broker in opened:
        broker.close()


@pytest.fixture
def broker(open_broker: Callable[..., Broker]) -> Broker:
    return open_broker()


def publish(broker: Broker, data: bytes = b"hello", **attributes: str) -> str:
    return broker.publish(PUSHED.topic, data, attributes, who="someone@example.com")


def lease_one(broker: Broker, subscription: str = PUSHED.name) -> Delivery:
    (leased,) = broker.lease(subscription, 10)
    return leased


def fail_once(broker: Broker, clock: Clock) -> None:
    """A delivery that is refused, and the back-off after it."""
    leased = lease_one(broker)
    broker.reject(PUSHED.name, leased.ack_id)
    clock.now += back_off_s(PUSHED, leased.attempt)


def test_a_message_is_delivered_with_its_data_attributes_and_time(
    broker: Broker, clock: Clock
) -> None:
    message = publish(broker, b"\x00\xff", event="x")
    leased = lease_one(broker)
    assert (leased.message.id, leased.message.data, leased.message.attributes) == (
        message,
        b"\x00\xff",
        {"event": "x"},
    )
    assert (leased.attempt, leased.message.publish_time) == (1, "1970-01-12T13:46:40.000Z")


def test_every_subscription_of_the_topic_gets_its_own_copy(tmp_path: Path, clock: Clock) -> None:
    second = replace(PUSHED, name="second")
    wiring = replace(WIRING, subscriptions=(*WIRING.subscriptions, second))
    broker = Broker(
        tmp_path / "x.sqlite",
        wiring,
        Timeline(tmp_path / "e"),
        may_dead_letter=lambda _: True,
        clock=clock,
    )
    publish(broker)
    broker.acknowledge(PUSHED.name, [lease_one(broker).ack_id])
    assert lease_one(broker, "second").message.data == b"hello"
    broker.close()


def test_a_leased_message_is_nobody_elses_until_its_deadline_and_back_off_have_passed(
    broker: Broker, clock: Clock
) -> None:
    publish(broker)
    lease_one(broker)
    clock.now += PUSHED.ack_deadline_s + PUSHED.minimum_backoff_s - 0.01
    assert broker.lease(PUSHED.name, 10) == []
    clock.now += 0.01
    assert lease_one(broker).attempt == 2


def test_an_acknowledged_message_never_comes_back(broker: Broker, clock: Clock) -> None:
    publish(broker)
    broker.acknowledge(PUSHED.name, [lease_one(broker).ack_id])
    clock.now += 10**6
    assert broker.lease(PUSHED.name, 10) == []


def test_a_late_acknowledgement_counts_until_the_message_was_handed_out_again(
    broker: Broker, clock: Clock
) -> None:
    publish(broker)
    first = lease_one(broker)
    clock.now += 10**6
    again = lease_one(broker)
    broker.acknowledge(PUSHED.name, [first.ack_id])
    clock.now += 10**6
    assert lease_one(broker).message.id == again.message.id


def test_a_longer_deadline_keeps_a_message_away(broker: Broker, clock: Clock) -> None:
    publish(broker)
    broker.modify_deadline(PUSHED.name, [lease_one(broker).ack_id], 600)
    clock.now += 600
    assert broker.lease(PUSHED.name, 10) == []
    clock.now += PUSHED.minimum_backoff_s
    assert lease_one(broker).attempt == 2


def test_refusals_are_followed_by_a_doubling_back_off_within_the_policy() -> None:
    policy = replace(PUSHED, minimum_backoff_s=10, maximum_backoff_s=600)
    assert [back_off_s(policy, attempt) for attempt in (1, 2, 3, 7, 10_000)] == [
        10,
        20,
        40,
        600,
        600,
    ]


def test_a_refused_message_waits_for_its_back_off(broker: Broker, clock: Clock) -> None:
    publish(broker)
    broker.reject(PUSHED.name, lease_one(broker).ack_id)
    clock.now += PUSHED.minimum_backoff_s - 0.01
    assert broker.lease(PUSHED.name, 10) == []
    clock.now += 0.01
    assert lease_one(broker).attempt == 2


def test_speedup_divides_the_back_off_and_not_the_deadline(
    open_broker: Callable[..., Broker], clock: Clock
) -> None:
    broker = open_broker(speedup=100)
    publish(broker)
    lease_one(broker)
    clock.now += PUSHED.ack_deadline_s
    assert broker.lease(PUSHED.name, 10) == []
    clock.now += PUSHED.minimum_backoff_s / 100
    assert lease_one(broker).attempt == 2


def test_after_its_last_attempt_a_message_is_dead_and_says_where_it_came_from(
    broker: Broker, clock: Clock
) -> None:
    publish(broker, b"cursed", event="x")
    for _ in range(PUSHED.max_delivery_attempts):
        fail_once(broker, clock)
    assert broker.lease(PUSHED.name, 10) == []
    dead = lease_one(broker, DEAD.name)
    assert dead.message.data == b"cursed"
    assert dead.message.attributes == {
        "event": "x",
        "CloudPubSubDeadLetterSourceDeliveryCount": str(PUSHED.max_delivery_attempts),
        "CloudPubSubDeadLetterSourceSubscription": PUSHED.name,
        "CloudPubSubDeadLetterSourceSubscriptionProject": WIRING.project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": "1970-01-12T13:46:40.000Z",
    }


def test_a_last_attempt_that_is_never_answered_is_dead_too(broker: Broker, clock: Clock) -> None:
    publish(broker)
    for _ in range(PUSHED.max_delivery_attempts - 1):
        fail_once(broker, clock)
    lease_one(broker)
    clock.now += 10**6
    assert broker.lease(PUSHED.name, 10) == []
    assert lease_one(broker, DEAD.name)


def test_without_the_grants_a_message_stays_and_is_delivered_again(
    open_broker: Callable[..., Broker], clock: Clock
) -> None:
    broker = open_broker(may_dead_letter=False)
    publish(broker)
    for _ in range(PUSHED.max_delivery_attempts):
        fail_once(broker, clock)
    assert lease_one(broker).attempt == PUSHED.max_delivery_attempts + 1
    assert broker.lease(DEAD.name, 10) == []


def test_messages_and_their_attempts_survive_a_restart(
    open_broker: Callable[..., Broker], clock: Clock
) -> None:
    before = open_broker()
    message = publish(before)
    fail_once(before, clock)
    before.close()
    leased = lease_one(open_broker())
    assert (leased.message.id, leased.attempt) == (message, 2)


def test_what_was_leased_when_the_stack_died_is_due_at_once(
    open_broker: Callable[..., Broker],
) -> None:
    publish(before := open_broker())
    lease_one(before)
    before.close()
    assert lease_one(open_broker()).attempt == 2


def test_a_restart_does_not_shorten_a_back_off(
    open_broker: Callable[..., Broker], clock: Clock
) -> None:
    publish(before := open_broker())
    before.reject(PUSHED.name, lease_one(before).ack_id)
    before.close()
    assert open_broker().lease(PUSHED.name, 10) == []


def test_ids_are_never_used_twice_even_when_nothing_is_left(
    open_broker: Callable[..., Broker],
) -> None:
    broker = open_broker()
    first = publish(broker)
    broker.acknowledge(PUSHED.name, [lease_one(broker).ack_id])
    broker.close()
    assert int(publish(open_broker())) > int(first)


def test_the_timeline_tells_who_published_what_where(broker: Broker, tmp_path: Path) -> None:
    message = publish(broker)
    (line,) = read_timeline(tmp_path / "events.jsonl")
    assert line.pop("time").endswith("Z")
    assert line == {
        "hop": "message_published",
        "who": "someone@example.com",
        "topic": PUSHED.topic,
        "message": message,
    }
