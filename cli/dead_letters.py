"""Messages that nobody could deliver: looked at, and left where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from urgency.google_errors import translated
from urgency.settings import Settings

GOOGLE = "https://pubsub.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/pubsub"
AT_MOST = 100
TIMEOUT_S = 15.0


@dataclass(frozen=True)
class DeadLetter:
    """A message that a push subscription gave up; `published` as Pub/Sub writes times."""

    subscription: str
    published: str
    attempts: int


def peek(settings: Settings) -> list[DeadLetter]:
    """Up to AT_MOST dead letters, none where no subscription is named. Raises Unavailable or
    Forbidden.

    Pulled and given back at once: nothing is acknowledged.
    """
    if not settings.dead_letters:
        return []
    with translated("look at the dead letters"):
        pulled = _call(settings, "pull", {"maxMessages": AT_MOST, "returnImmediately": True})
        received = pulled.get("receivedMessages", [])
        if received:
            ids = [message["ackId"] for message in received]
            _call(settings, "modifyAckDeadline", {"ackIds": ids, "ackDeadlineSeconds": 0})
    return [_dead_letter(message["message"]) for message in received]


def _call(settings: Settings, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    import google.auth
    from google.api_core.exceptions import from_http_response
    from google.auth.transport.requests import AuthorizedSession

    endpoint, name = settings.pubsub_endpoint or GOOGLE, settings.dead_letters
    url = f"{endpoint}/v1/projects/{settings.project}/subscriptions/{name}:{verb}"
    with AuthorizedSession(google.auth.default(scopes=[SCOPE])[0]) as session:
        answer = session.post(url, json=body, timeout=TIMEOUT_S)
        if answer.status_code != 200:
            raise from_http_response(answer)
        return dict(answer.json())


def _dead_letter(message: dict[str, Any]) -> DeadLetter:
    attributes = message.get("attributes", {})
    return DeadLetter(
        subscription=attributes.get("CloudPubSubDeadLetterSourceSubscription", "unknown"),
        published=attributes.get(
            "CloudPubSubDeadLetterSourceTopicPublishTime", message.get("publishTime", "")
        ),
        attempts=int(attributes.get("CloudPubSubDeadLetterSourceDeliveryCount", 0)),
    )
