"""Pub/Sub without HTTP: messages, leases, back-off and dead letters, kept in one SQLite file.

A row of `delivery` is a message that a subscription has not acknowledged; `due` says when it may be
delivered next. So a lease is a `due` in the future, and ends without anybody doing anything.
"""

import json
import math
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local.timeline import Timeline, utc_text
from infra.local.wiring import Subscription, Wiring

Clock = Callable[[], float]

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, published REAL NOT NULL,
    data BLOB NOT NULL, attributes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    subscription TEXT NOT NULL, message INTEGER NOT NULL REFERENCES message,
    attempt INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, ack_id TEXT,
    PRIMARY KEY (subscription, message));
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (subscription, due);
"""


@dataclass(frozen=True)
class Message:
    """A published message; `published` in seconds since 1970."""

    id: str
    published: float
    data: bytes
    attributes: dict[str, str]

    @property
    def publish_time(self) -> str:
        """`published` as Google's JSON writes times."""
        return utc_text(datetime.fromtimestamp(self.published, UTC))


@dataclass(frozen=True)
class Delivery:
    """A message handed out: acknowledge `ack_id` before its deadline. `attempt` counts from 1."""

    ack_id: str
    attempt: int
    message: Message


class Broker:
    """The topics and subscriptions of `wiring`; unacknowledged messages stay in `file`.

    may_dead_letter: whether Pub/Sub's agent may move a subscription's messages to its dead letters.
    speedup: divides back-offs, but no deadlines: work takes its time.
    """

    def __init__(
        self,
        file: Path,
        wiring: Wiring,
        timeline: Timeline,
        may_dead_letter: Callable[[Subscription], bool],
        *,
        clock: Clock = time.time,
        speedup: float = 1.0,
    ) -> None:
        self.subscriptions = {one.name: one for one in wiring.subscriptions}
        self._project = wiring.project
        self._agent = wiring.agents["pubsub"]
        self._timeline = timeline
        self._may_dead_letter = may_dead_letter
        self._clock = clock
        self._speedup = speedup
        self._changed = threading.Condition()
        self._database = sqlite3.connect(file, check_same_thread=False)
        self._database.executescript(SCHEMA)
        with self._database:  # those who had leases stopped with the stack
            query = "UPDATE delivery SET due = ?, ack_id = NULL WHERE ack_id NOT NULL"
            self._database.execute(query, [clock()])

    def publish(self, topic: str, data: bytes, attributes: dict[str, str], *, who: str) -> str:
        """Hand a message to every subscription of `topic`; returns its id."""
        with self._changed, self._database:
            return self._publish(topic, data, attributes, who)

    def lease(self, subscription: str, limit: int, *, wait_s: float = 0.0) -> list[Delivery]:
        """Up to `limit` messages that are due, waiting at most `wait_s` for the first."""
        until = time.monotonic() + wait_s
        with self._changed:
            while not (deliveries := self._lease_due(subscription, limit)):
                if (remaining_s := until - time.monotonic()) <= 0:
                    break
                self._changed.wait(min(remaining_s, self._until_due(subscription)))
        return deliveries

    def acknowledge(self, subscription: str, ack_ids: Iterable[str]) -> None:
        """These are done. An id whose message was handed out again since then does nothing."""
        with self._changed, self._database:
            for ack_id in ack_ids:
                for message, _ in self._leased(subscription, ack_id):
                    self._remove(subscription, message)

    def modify_deadline(self, subscription: str, ack_ids: Iterable[str], seconds: float) -> None:
        """Keep these for `seconds` more; 0: deliver them again after the back-off."""
        policy = self.subscriptions[subscription]
        with self._changed, self._database:
            for ack_id in ack_ids:
                for message, attempt in self._leased(subscription, ack_id):
                    if seconds:
                        self._schedule(policy, message, attempt, ack_id, seconds)
                    elif not self._dead_letter(policy, message, attempt):
                        self._schedule(policy, message, attempt, None, 0)
            self._changed.notify_all()

    def reject(self, subscription: str, ack_id: str) -> None:
        """Negative acknowledgement: deliver again after the back-off."""
        self.modify_deadline(subscription, [ack_id], 0)

    def close(self) -> None:
        """Close the file; everything is in it already."""
        with self._changed:
            self._database.close()

    def _publish(self, topic: str, data: bytes, attributes: dict[str, str], who: str) -> str:
        now = self._clock()
        message = self._database.execute(
            "INSERT INTO message (topic, published, data, attributes) VALUES (?, ?, ?, ?)",
            [topic, now, data, json.dumps(attributes)],
        ).lastrowid
        self._database.executemany(
            "INSERT INTO delivery (subscription, message, due) VALUES (?, ?, ?)",
            [(one.name, message, now) for one in self.subscriptions.values() if one.topic == topic],
        )
        self._remove_unneeded(message)
        self._timeline.note("message_published", who, topic=topic, message=str(message))
        self._changed.notify_all()
        return str(message)

    def _lease_due(self, subscription: str, limit: int) -> list[Delivery]:
        policy = self.subscriptions[subscription]
        query = (
            "SELECT message, attempt FROM delivery WHERE subscription = ? AND due <= ?"
            " ORDER BY due LIMIT ?"
        )
        with self._database:
            due = self._database.execute(query, [subscription, self._clock(), limit]).fetchall()
            alive = [row for row in due if not self._dead_letter(policy, *row)]
            return [self._lease(policy, message, attempt + 1) for message, attempt in alive]

    def _lease(self, subscription: Subscription, message: int, attempt: int) -> Delivery:
        ack_id = f"{message}-{attempt}-{secrets.token_hex(8)}"
        self._schedule(subscription, message, attempt, ack_id, subscription.ack_deadline_s)
        return Delivery(ack_id, attempt, self._message(message))

    def _schedule(
        self,
        subscription: Subscription,
        message: int,
        attempt: int,
        ack_id: str | None,
        wait_s: float,
    ) -> None:
        """Due again when `wait_s` and then the back-off have passed."""
        due = self._clock() + wait_s + back_off_s(subscription, attempt) / self._speedup
        self._database.execute(
            "UPDATE delivery SET due = ?, attempt = ?, ack_id = ?"
            " WHERE subscription = ? AND message = ?",
            [due, attempt, ack_id, subscription.name, message],
        )

    def _dead_letter(self, subscription: Subscription, message: int, attempt: int) -> bool:
        """Move a message after its last attempt to the dead-letter topic; False where it stays."""
        topic = subscription.dead_letter_topic
        if topic is None or attempt < subscription.max_delivery_attempts:
            return False
        if not self._may_dead_letter(subscription):
            return False
        dead = self._message(message)
        # https://cloud.google.com/pubsub/docs/handling-failures#track-delivery-attempts
        attributes = dead.attributes | {
            "CloudPubSubDeadLetterSourceDeliveryCount": str(attempt),
            "CloudPubSubDeadLetterSourceSubscription": subscription.name,
            "CloudPubSubDeadLetterSourceSubscriptionProject": self._project,
            "CloudPubSubDeadLetterSourceTopicPublishTime": dead.publish_time,
        }
        self._publish(topic, dead.data, attributes, self._agent)
        self._remove(subscription.name, message)
        return True

    def _leased(self, subscription: str, ack_id: str) -> list[tuple[int, int]]:
        """(message, attempt) leased under `ack_id`; empty where that lease is over."""
        query = "SELECT message, attempt FROM delivery WHERE subscription = ? AND ack_id = ?"
        return self._database.execute(query, [subscription, ack_id]).fetchall()

    def _remove(self, subscription: str, message: int) -> None:
        self._database.execute(
            "DELETE FROM delivery WHERE subscription = ? AND message = ?", [subscription, message]
        )
        self._remove_unneeded(message)

    def _remove_unneeded(self, message: int | None) -> None:
        """Delete a message that no subscription waits for."""
        query = "DELETE FROM message WHERE id = ? AND id NOT IN (SELECT message FROM delivery)"
        self._database.execute(query, [message])

    def _message(self, message: int) -> Message:
        query = "SELECT published, data, attributes FROM message WHERE id = ?"
        published, data, attributes = self._database.execute(query, [message]).fetchone()
        return Message(str(message), published, data, json.loads(attributes))

    def _until_due(self, subscription: str) -> float:
        """Seconds until something can be due; a new message ends the wait before that."""
        query = "SELECT min(due) FROM delivery WHERE subscription = ?"
        (due,) = self._database.execute(query, [subscription]).fetchone()
        return math.inf if due is None else max(0.0, due - self._clock())


def back_off_s(subscription: Subscription, attempt: int) -> float:
    """Wait after the `attempt`-th failure: doubles from the policy's minimum to its maximum."""
    doubled_s = subscription.minimum_backoff_s * 2.0 ** min(attempt - 1, 30)
    return min(subscription.maximum_backoff_s, doubled_s)
