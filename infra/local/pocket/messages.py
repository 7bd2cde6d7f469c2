"""Messages as Pub/Sub's JSON writes them."""

import base64
import binascii
from typing import Any

from infra.local.pocket.broker import Delivery, Message
from infra.local.pocket.errors import ApiError
from infra.local.wiring import Subscription


def parse_message(resource: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Data and attributes of a message to publish. Raises ApiError 400."""
    attributes = resource.get("attributes", {})
    try:
        data = base64.b64decode(resource.get("data", ""), validate=True)
    except binascii.Error as error:
        problem = "Invalid value at 'messages[0].data': base64 decoding failed."
        raise ApiError(400, "badRequest", problem) from error
    if not data and not attributes:
        raise ApiError(400, "badRequest", "One or more messages in the publish request is empty.")
    return data, attributes


def message_resource(message: Message) -> dict[str, Any]:
    """A published message."""
    return {
        "data": base64.b64encode(message.data).decode(),
        "attributes": message.attributes,
        "messageId": message.id,
        "publishTime": message.publish_time,
    }


def delivery_attempt(delivery: Delivery, subscription: Subscription) -> dict[str, int]:
    """The count of attempts, which only subscriptions with dead letters tell."""
    return {"deliveryAttempt": delivery.attempt} if subscription.dead_letter_topic else {}
