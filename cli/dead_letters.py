"""Messages that could not be delivered: looked at, and left where they are."""

import warnings
from dataclasses import dataclass
from typing import Any

from urgency.google_errors import translated
from urgency.settings import Settings

AT_MOST = 100
TIMEOUT_S = 15.0
_SOURCE = "CloudPubSubDeadLetterSource"


@dataclass(frozen=True)
class DeadLetter:
    """A message that a push subscription gave up; `published` is RFC 3339."""

    subscription: str
    published: str
    attempts: int


def peek(settings: Settings, credentials: Any = None) -> list[DeadLetter]:
    """Up to AT_MOST dead letters, none where no subscription is named.

    Pulled and given back at once: nothing is acknowledged. Raises Unavailable or Forbidden.
    """
    if not settings.dead_letters:
        return []
    from google.pubsub_v1 import SubscriberClient  # 0.3 s of CPU, only where there is one to ask

    options = {"api_endpoint": settings.pubsub_endpoint} if settings.pubsub_endpoint else {}
    with translated("look at the dead letters"), warnings.catch_warnings():
        # "return_immediately is deprecated", but without it an empty subscription makes us wait.
        warnings.simplefilter("ignore", DeprecationWarning)
        client = SubscriberClient(transport="rest", credentials=credentials, client_options=options)
        path = client.subscription_path(settings.project, settings.dead_letters)
        pull = {"subscription": path, "max_messages": AT_MOST, "return_immediately": True}
        received = client.pull(pull, retry=None, timeout=TIMEOUT_S).received_messages
        if ids := [message.ack_id for message in received]:
            give_back = {"subscription": path, "ack_ids": ids, "ack_deadline_seconds": 0}
            client.modify_ack_deadline(give_back, retry=None, timeout=TIMEOUT_S)
    return [_dead_letter(message.message) for message in received]


def _dead_letter(message: Any) -> DeadLetter:
    of, given_up = message.attributes, message.publish_time.rfc3339()
    return DeadLetter(
        subscription=of.get(f"{_SOURCE}Subscription", "unknown"),
        published=of.get(f"{_SOURCE}TopicPublishTime", given_up),
        attempts=int(of.get(f"{_SOURCE}DeliveryCount", 0)),
    )
