"""What a Cloud Storage subscription promises, as Google documents it.

https://cloud.google.com/pubsub/docs/cloudstorage and .../create-cloudstorage-subscription
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from google.cloud import storage
from google.pubsub_v1 import PublisherClient

from infra.local.pocket.broker import Broker
from infra.local.pocket.errors import ApiError
from infra.local.pocket.storage_delivery import AT_ONCE, Bucket, StorageWriter
from infra.local.timeline import Timeline
from infra.local.wiring import Grant, Wiring
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud
from tests.support.waiting import eventually

FEEDBACK = next(one for one in WIRING.subscriptions if one.storage)
STORAGE = FEEDBACK.storage
assert STORAGE
AGENT = WIRING.agents["pubsub"]
LANDING = f"buckets/{STORAGE.bucket}"
SOON = 100_000.0  # the speed-up at which a file is complete at once


def publish(place: Cloud, *messages: bytes) -> None:
    client = PublisherClient(transport="rest", **place.options("urgency-serve"))
    topic = client.topic_path(WIRING.project, FEEDBACK.topic)
    client.publish(topic=topic, messages=[{"data": data} for data in messages])


def laid(place: Cloud) -> dict[str, bytes]:
    client = storage.Client(project=WIRING.project, **place.options())
    return {
        blob.name: blob.download_as_bytes()
        for blob in client.list_blobs(STORAGE.bucket, prefix=STORAGE.filename_prefix)
    }


def short_of(role: str) -> Wiring:
    lost = Grant(LANDING, role, f"serviceAccount:{AGENT}")
    assert lost in WIRING.grants
    return replace(WIRING, grants=tuple(one for one in WIRING.grants if one != lost))


def test_an_object_is_named_by_prefix_moment_and_suffix_and_holds_a_message_a_line(
    tmp_path: Path,
) -> None:
    with cloud(tmp_path, speedup=SOON) as place:
        publish(place, b'{"a": 1}', b'{"b": 2}')
        eventually(lambda: sum(hop["messages"] for hop in place.hops("storage_written")) == 2)
        found = laid(place)
        lines = [line for body in found.values() for line in body.split(b"\n")]
        assert sorted(lines) == [b'{"a": 1}', b'{"b": 2}']
        moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
        assert all(re.fullmatch(rf"feedback/{moment}_\w+\.jsonl", name) for name in found)


def test_an_object_below_feedback_is_announced_to_nobody(tmp_path: Path) -> None:
    with cloud(tmp_path, speedup=SOON) as place:
        publish(place, b"{}")
        eventually(lambda: place.hops("object_finalize"))
        topics = {hop["topic"] for hop in place.hops("message_published")}
        assert topics == {FEEDBACK.topic}


@pytest.mark.parametrize(
    "role", ["roles/storage.objectCreator", "roles/storage.legacyBucketReader"]
)
def test_without_a_role_on_the_bucket_messages_become_dead_letters(
    tmp_path: Path, role: str
) -> None:
    with cloud(tmp_path, short_of(role), speedup=SOON) as place:
        publish(place, b"{}")
        dead = eventually(
            lambda: [
                hop for hop in place.hops("message_published") if hop["topic"] == "dead-letters"
            ]
        )
        refused = place.hops("storage_write_refused")
        assert (len(dead), len(refused)) == (1, FEEDBACK.max_delivery_attempts)
        assert {hop["status"] for hop in refused} == {403}
        assert laid(place) == {}


def test_what_was_not_laid_when_the_cloud_stopped_is_there_after_it(tmp_path: Path) -> None:
    with cloud(tmp_path, speedup=1.0) as place:
        publish(place, b'{"late": true}')
        assert laid(place) == {}
    with cloud(tmp_path, speedup=SOON) as place:
        assert eventually(lambda: list(laid(place).values())) == [b'{"late": true}']


@dataclass
class Shelf:
    """A bucket that remembers, and refuses while it is told to."""

    agent: str = AGENT
    refuses: bool = False
    bodies: list[bytes] = field(default_factory=list)

    def lay(self, bucket: str, name: str, body: bytes) -> None:
        if self.refuses:
            raise ApiError(403, "forbidden", "no")
        self.bodies.append(body)


@dataclass
class World:
    """A writer that nobody runs: the test hands it what is due, at times of its own."""

    broker: Broker
    writer: StorageWriter
    shelf: Shelf
    now: list[float]

    def publish(self, *messages: bytes) -> None:
        for data in messages:
            self.broker.publish(FEEDBACK.topic, data, {}, who="test")

    def take(self) -> None:
        self.writer.take(self.broker.lease(FEEDBACK.name, AT_ONCE))

    @property
    def unacknowledged(self) -> int:
        query = "SELECT count(*) FROM delivery WHERE subscription = ?"
        rows: Any = self.broker._database.execute(query, [FEEDBACK.name])
        return int(rows.fetchone()[0])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    now, shelf = [0.0], Shelf()
    timeline = Timeline(tmp_path / "timeline")
    broker = Broker(
        tmp_path / "broker", WIRING, timeline, lambda _: True, clock=lambda: now[0], speedup=1e9
    )
    writer = StorageWriter(
        broker, FEEDBACK, STORAGE, cast(Bucket, shelf), timeline, clock=lambda: now[0]
    )
    yield World(broker, writer, shelf, now)
    broker.close()


def test_a_file_is_complete_after_its_time_and_acknowledged_only_then(world: World) -> None:
    world.publish(b"one")
    world.take()
    world.now[0] = STORAGE.max_duration_s - 1
    world.publish(b"two")
    world.take()
    assert (world.shelf.bodies, world.unacknowledged) == ([], 2)
    world.now[0] = STORAGE.max_duration_s
    world.take()
    assert (world.shelf.bodies, world.unacknowledged) == ([b"one\ntwo"], 0)


def test_a_file_is_complete_before_it_would_be_too_large(world: World) -> None:
    large = b"x" * (STORAGE.max_bytes // 3 + 1)
    world.publish(large, large, large)
    world.take()
    assert [*map(len, world.shelf.bodies)] == [2 * len(large) + 1]
    assert world.unacknowledged == 1


def test_a_message_larger_than_a_file_has_one_of_its_own(world: World) -> None:
    huge = b"x" * (STORAGE.max_bytes + 1)
    world.publish(b"small", huge, b"small")
    world.take()
    assert [*map(len, world.shelf.bodies)] == [5, len(huge)]


def test_what_is_refused_comes_again(world: World) -> None:
    world.shelf.refuses = True
    world.publish(b"one")
    world.take()
    world.now[0] = STORAGE.max_duration_s
    world.take()
    assert (world.shelf.bodies, world.unacknowledged) == ([], 1)
    world.shelf.refuses = False
    world.now[0] += 1  # more than the back-off
    world.take()
    world.now[0] += STORAGE.max_duration_s
    world.take()
    assert (world.shelf.bodies, world.unacknowledged) == ([b"one"], 0)


def test_a_file_lasts_no_longer_than_a_message_may_stay_unacknowledged() -> None:
    assert STORAGE.max_duration_s <= FEEDBACK.ack_deadline_s
