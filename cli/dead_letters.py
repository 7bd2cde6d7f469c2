"""Messages that could not be delivered: looked at, sent again, or forgotten."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.api_core.exceptions import NotFound

from urgency.google_errors import translated
from urgency.messages import DEAD_LETTER
from urgency.settings import Settings

BATCH = 100
"""How many messages one call to Pub/Sub hands out."""

CALL: dict[str, Any] = {"retry": None, "timeout": 15.0}

Leased = dict[str, Any]
"""Messages by the id that acknowledges them."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that a push subscription gave up; `published` is RFC 3339.

    What it carries is left out: it may be a ticket.
    """

    id: str
    subscription: str
    published: str
    attempts: int


@dataclass(frozen=True)
class Replayed:
    """What was sent again, and what stays because the subscription that gave it up is gone."""

    sent: list[DeadLetter]
    left: list[DeadLetter]


class DeadLetters:
    """The dead letters of a system; none where its settings name no subscription of them.

    Every call raises Unavailable or Forbidden, and gives back what it did not delete.
    """

    def __init__(self, settings: Settings, credentials: Any = None) -> None:
        self._settings = settings
        self._credentials = credentials

    def peek(self) -> list[DeadLetter]:
        """Up to BATCH of them; all stay."""
        with self._leased("look at the dead letters", batches=1) as leased:
            return list(map(_dead_letter, leased.values()))

    def forget(self) -> list[DeadLetter]:
        """Delete all of them."""
        with self._leased("delete the dead letters") as leased:
            return [_dead_letter(self._deleted(leased, ack_id)) for ack_id in list(leased)]

    def replay(self) -> Replayed:
        """Send all of them again, to the topics that they came from, and delete them here.

        Each is published first: one that is sent twice does no harm, as a message is a hint or has
        a key of its own.
        """
        replayed = Replayed([], [])
        with self._leased("send the dead letters again") as leased:
            topics = {name: self._topic_of(name) for name in map(_source, leased.values())}
            for ack_id, message in list(leased.items()):
                if topic := topics[_source(message)]:
                    self._publish(topic, message)
                    self._deleted(leased, ack_id)
                (replayed.sent if topic else replayed.left).append(_dead_letter(message))
        return replayed

    @contextmanager
    def _leased(self, what: str, batches: int | None = None) -> Iterator[Leased]:
        """All dead letters, or so many batches; those that the block does not delete stay."""
        leased: Leased = {}
        with translated(what):
            try:
                while self._settings.dead_letters and batches != 0 and (pulled := self._pull()):
                    leased |= {one.ack_id: one.message for one in pulled}
                    batches = None if batches is None else batches - 1
                yield leased
            finally:
                if leased:
                    back = {"ack_ids": list(leased), "ack_deadline_seconds": 0}
                    self._client.modify_ack_deadline({"subscription": self._path} | back, **CALL)

    def _pull(self) -> list[Any]:
        with warnings.catch_warnings():
            # "return_immediately is deprecated", but without it we wait where there is nothing.
            warnings.simplefilter("ignore", DeprecationWarning)
            request = {
                "subscription": self._path,
                "max_messages": BATCH,
                "return_immediately": True,
            }
            return list(self._client.pull(request, **CALL).received_messages)

    def _deleted(self, leased: Leased, ack_id: str) -> Any:
        self._client.acknowledge({"subscription": self._path, "ack_ids": [ack_id]}, **CALL)
        return leased.pop(ack_id)

    def _topic_of(self, subscription: str) -> str | None:
        """Full name of the topic; None where the subscription is gone, or its topic."""
        path = self._client.subscription_path(self._settings.project, subscription)
        try:
            topic = str(self._client.get_subscription({"subscription": path}, **CALL).topic)
        except NotFound:
            return None
        return None if topic == "_deleted-topic_" else topic

    def _publish(self, topic: str, message: Any) -> None:
        given = message.attributes.items()
        own = {name: value for name, value in given if not name.startswith(DEAD_LETTER)}
        request = {"topic": topic, "messages": [{"data": message.data, "attributes": own}]}
        self._publisher.publish(request, **CALL)

    @cached_property
    def _publisher(self) -> Any:
        from google.pubsub_v1 import PublisherClient

        return PublisherClient(**self._options)

    @cached_property
    def _client(self) -> Any:
        from google.pubsub_v1 import SubscriberClient  # 0.3 s of CPU, only where it is needed

        return SubscriberClient(**self._options)

    @property
    def _options(self) -> dict[str, Any]:
        endpoint = self._settings.pubsub_endpoint
        options = {"api_endpoint": endpoint} if endpoint else {}
        return {"transport": "rest", "credentials": self._credentials, "client_options": options}

    @property
    def _path(self) -> str:
        name = self._settings.dead_letters
        return str(self._client.subscription_path(self._settings.project, name))


def _source(message: Any) -> str:
    """The subscription that gave it up."""
    return str(message.attributes.get(f"{DEAD_LETTER}Subscription", "unknown"))


def _dead_letter(message: Any) -> DeadLetter:
    of, given_up = message.attributes, message.publish_time.rfc3339()
    return DeadLetter(
        id=message.message_id,
        subscription=_source(message),
        published=of.get(f"{DEAD_LETTER}TopicPublishTime", given_up),
        attempts=int(of.get(f"{DEAD_LETTER}DeliveryCount", 0)),
    )
