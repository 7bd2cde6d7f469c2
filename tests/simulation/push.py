"""What functions-framework hands to a function: the CloudEvent of a Pub/Sub push."""

from __future__ import annotations

import base64
import json

from cloudevents.http import CloudEvent

from urgency.messages import ModelReleased
from urgency.store import ListedObject


def landed_event(landed: ListedObject) -> CloudEvent:
    """Cloud Storage's notification of one object."""
    resource = {
        "name": landed.name,
        "generation": str(landed.generation),
        "size": str(landed.size),
        "timeCreated": landed.created.isoformat(),
    }
    return _pushed("tickets-landed", json.dumps(resource).encode(), {})


def released_event(message: ModelReleased) -> CloudEvent:
    """A message of the job."""
    return _pushed("model-released", *message.to_pubsub())


def _pushed(topic: str, data: bytes, attributes: dict[str, str]) -> CloudEvent:
    about = {
        "type": "google.cloud.pubsub.topic.v1.messagePublished",
        "source": f"//pubsub.googleapis.com/projects/p/topics/{topic}",
    }
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes, "messageId": "1"}
    subscription = f"projects/p/subscriptions/{topic}"
    return CloudEvent(about, {"message": message, "subscription": subscription})
