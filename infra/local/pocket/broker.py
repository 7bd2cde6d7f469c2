"""Pub/Sub without HTTP: messages, leases, back-off and dead letters, kept in one SQLite file.

A row of `delivery` is a message that a subscription has not acknowledged, and `due` says when it may be delivered again.
So a lease is a `due` in the future and no clockwork is needed: a lease that runs out is due by itself.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local.timeline import Timeline
from infra.local.wiring import Subscription, Wiring

Clock = Callable[[], float]

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, published REAL NOT NULL,
    data BLOB NOT NULL, attributes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    subscription TEXT NOT NULL, message INTEGER NOT NULL REFERENCES message, attempt INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL, ack_id TEXT, PRIMARY KEY (subscription, message));
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (subscription, due);
"""


@dataclass(frozen=True)
class Message:
    """A published message; `published` in seconds since 1970."""

    id: str
    topic: str
    published: float
    data: bytes
    attributes: dict[str, str]

    @property
    def publish_time(self) -> str:
        """`published` as Google's JSON writes times."""
        return datetime.fromtimestamp(self.published, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Leased:
    """A message handed out: acknowledge `ack_id` before its deadline. `attempt` counts from 1."""

    ack_id: str
    attempt: int
    message: Message


class Broker:
    """The topics and subscriptions of `wiring`; what is not acknowledged survives in `file`.

    may_bury: whether Pub/Sub's own agent may move a subscription's messages to its dead-letter topic.
    hurry: back-off is divided by it; deadlines are not, since work takes its time.
    """

    def __init__(
        self,
        file: Path,
        wiring: Wiring,
        timeline: Timeline,
        *,
        may_bury: Callable[[Subscription], bool],
        clock: Clock = time.time,
        hurry: float = 1.0,
    ) -> None:
        self.subscriptions = {subscription.name: subscription for subscription in wiring.subscriptions}
        self._project = wiring.project
        self._agent = wiring.agents["pubsub"]
        self._timeline = timeline
        self._may_bury = may_bury
        self._clock = clock
        self._hurry = hurry
        self._changed = threading.Condition()
        self._database = sqlite3.connect(file, check_same_thread=False)
        self._database.executescript(SCHEMA)
        with self._database:  # whoever held a lease went down with the stack
            self._database.execute("UPDATE delivery SET due = ?, ack_id = NULL WHERE ack_id NOT NULL", [clock()])

    def publish(self, topic: str, data: bytes, attributes: dict[str, str], *, who: str) -> str:
        """Hand a message to every subscription of `topic`; returns its id."""
        with self._changed, self._database:
            return self._publish(topic, data, attributes, who)

    def lease(self, subscription: str, limit: int, *, wait_s: float = 0.0) -> list[Leased]:
        """Up to `limit` messages that are due, waiting at most `wait_s` for the first."""
        until = time.monotonic() + wait_s
        with self._changed:
            while not (leased := self._lease_due(subscription, limit)):
                if (left := until - time.monotonic()) <= 0:
                    break
                self._changed.wait(min(left, self._until_due(subscription)))
        return leased

    def acknowledge(self, subscription: str, ack_ids: Iterable[str]) -> None:
        """Done with these for ever. An id whose message was handed out again since does nothing."""
        with self._changed, self._database:
            for ack_id in ack_ids:
                acknowledged = self._database.execute(
                    "DELETE FROM delivery WHERE subscription = ? AND ack_id = ? RETURNING message",
                    [subscription, ack_id],
                ).fetchall()
                for (message,) in acknowledged:
                    self._forget(message)

    def modify_deadline(self, subscription: str, ack_ids: Iterable[str], seconds: float) -> None:
        """Keep these for `seconds` more; 0 gives them back, to be delivered again after the back-off."""
        with self._changed, self._database:
            for ack_id in ack_ids:
                self._redeliver_after(subscription, ack_id, seconds)
            self._changed.notify_all()

    def reject(self, subscription: str, ack_id: str) -> None:
        """Negative acknowledgement: deliver again after the back-off."""
        self.modify_deadline(subscription, [ack_id], 0)

    def close(self) -> None:
        """Write everything down."""
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
        self._forget(message)
        self._timeline.note("message_published", who, topic=topic, message=str(message))
        self._changed.notify_all()
        return str(message)

    def _lease_due(self, subscription: str, limit: int) -> list[Leased]:
        with self._database:
            due = self._database.execute(
                "SELECT message, attempt FROM delivery WHERE subscription = ? AND due <= ? ORDER BY due, message LIMIT ?",
                [subscription, self._clock(), limit],
            ).fetchall()
            policy = self.subscriptions[subscription]
            return [self._lease(policy, message, attempt + 1) for message, attempt in due if not self._bury(policy, message, attempt)]

    def _lease(self, subscription: Subscription, message: int, attempt: int) -> Leased:
        ack_id = f"{message}-{attempt}-{secrets.token_hex(8)}"
        self._database.execute(
            "UPDATE delivery SET attempt = ?, ack_id = ? WHERE subscription = ? AND message = ?",
            [attempt, ack_id, subscription.name, message],
        )
        self._redeliver_after(subscription.name, ack_id, subscription.ack_deadline_s)
        return Leased(ack_id, attempt, self._message(message))

    def _redeliver_after(self, subscription: str, ack_id: str, seconds: float) -> None:
        """The deadline and then the back-off must pass; giving back (0) ends the lease at once."""
        ...

    def _bury(self, subscription: Subscription, message: int, attempt: int) -> bool:
        """Move a message that was delivered often enough to the dead-letter topic; False where it stays."""
        limit, topic = subscription.max_delivery_attempts, subscription.dead_letter_topic
        if topic is None or attempt < limit or not self._may_bury(subscription):
            return False
        ...
        return True
