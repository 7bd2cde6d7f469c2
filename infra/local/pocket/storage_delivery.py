"""Cloud Storage subscriptions: messages are laid into a bucket, many in one object.

Text format: only the data of messages, a newline between two. An object appears when it is
complete, and its messages are acknowledged after that; so a message may come twice and none is
lost. https://cloud.google.com/pubsub/docs/cloudstorage
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker, Delivery
from infra.local.pocket.errors import ApiError
from infra.local.pocket.notifications import Notifications
from infra.local.pocket.objects import Objects
from infra.local.pocket.resources import NewObject, Preconditions
from infra.local.timeline import Timeline
from infra.local.wiring import CloudStorage, Subscription, Wiring

WAIT_S = 0.2
AT_ONCE = 100
"""Messages that are taken from the subscription at a time."""


@dataclass
class OpenFile:
    """Messages of an object that is not complete yet; times in seconds of one monotonic clock."""

    began: float
    deliveries: list[Delivery] = field(default_factory=list)
    size: int = 0

    def takes(self, delivery: Delivery, most: int) -> bool:
        """Whether it fits into `most` bytes; a message that is larger alone fits an empty file."""
        return not self.deliveries or self.size + 1 + len(delivery.message.data) <= most

    def add(self, delivery: Delivery) -> None:
        """One message more."""
        self.size += len(delivery.message.data) + bool(self.deliveries)
        self.deliveries.append(delivery)

    @property
    def body(self) -> bytes:
        """The object's bytes."""
        return b"\n".join(one.message.data for one in self.deliveries)


@dataclass(frozen=True)
class Bucket:
    """Where `agent` lays objects, if the grants that Google asks for are there."""

    objects: Objects
    access: Access
    agent: str
    notifications: Notifications

    def lay(self, bucket: str, name: str, body: bytes) -> None:
        """Make an object. Raises ApiError 403 or 404, and leaves nothing then."""
        member, resource = f"serviceAccount:{self.agent}", f"buckets/{bucket}"
        self.objects.expect_bucket(bucket)
        self.access.require(member, "storage.buckets.get", resource)
        self.access.require(member, "storage.objects.create", resource, name)
        draft = self.objects.payloads.draft()
        draft.append(body)
        new = NewObject(bucket, name, content_type="text/plain")
        stored = self.objects.put(new, draft, Preconditions(generation_match=0), lambda: None)
        self.notifications.send("OBJECT_FINALIZE", stored.resource(GOOGLES))


GOOGLES = "https://storage.googleapis.com/"
"""Where a notification says that an object is: nobody asked at another address."""


class StorageWriter:
    """Lays the messages of one subscription, from `start` to `stop`.

    speedup: divides the time until a file is complete.
    """

    def __init__(
        self,
        broker: Broker,
        subscription: Subscription,
        storage: CloudStorage,
        bucket: Bucket,
        timeline: Timeline,
        *,
        speedup: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker, self._name = broker, subscription.name
        self._storage, self._bucket, self._timeline = storage, bucket, timeline
        self._lasts_s, self._clock = storage.max_duration_s / speedup, clock
        self._file: OpenFile | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more messages, and complete the open file."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait at most `timeout_s` for the last file."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def take(self, deliveries: list[Delivery]) -> None:
        """Put messages into the open file, and complete each file that is full or old enough."""
        for delivery in deliveries:
            if self._file and not self._file.takes(delivery, self._storage.max_bytes):
                self._complete(self._file)
            self._file = self._file or OpenFile(self._clock())
            self._file.add(delivery)
        if self._file and self._clock() - self._file.began >= self._lasts_s:
            self._complete(self._file)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self.take(self._broker.lease(self._name, AT_ONCE, wait_s=min(WAIT_S, self._lasts_s)))
        if self._file:
            self._complete(self._file)

    def _complete(self, file: OpenFile) -> None:
        self._file = None
        name = file_name(self._storage, datetime.now(UTC))
        facts: dict[str, str | float] = {
            "subscription": self._name,
            "object": name,
            "messages": len(file.deliveries),
        }
        acks = [one.ack_id for one in file.deliveries]
        try:
            self._bucket.lay(self._storage.bucket, name, file.body)
        except ApiError as error:
            facts["status"] = error.code
            self._timeline.note("storage_write_refused", self._bucket.agent, **facts)
            for ack_id in acks:
                self._broker.reject(self._name, ack_id)
        else:
            self._timeline.note("storage_written", self._bucket.agent, **facts)
            self._broker.acknowledge(self._name, acks)


def storage_writers(
    broker: Broker, wiring: Wiring, bucket: Bucket, timeline: Timeline, *, speedup: float
) -> list[StorageWriter]:
    """A writer for each such subscription."""
    return [
        StorageWriter(broker, one, one.storage, bucket, timeline, speedup=speedup)
        for one in wiring.subscriptions
        if one.storage
    ]


def file_name(storage: CloudStorage, now: datetime) -> str:
    """<prefix><UTC date and time>_<unique><suffix>, as Google names these objects."""
    moment = now.isoformat(timespec="seconds")
    return f"{storage.filename_prefix}{moment}_{uuid4().hex}{storage.filename_suffix}"
