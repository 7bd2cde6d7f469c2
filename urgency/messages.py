"""What travels between the deployables and to others: a landed object, a released model, a
heartbeat and a scored ticket, to and from their bytes.

Both may arrive as a raw Pub/Sub push or as a CloudEvent; functions-framework hands either over as
the event's data. A message is only a hint that says "look now": nothing here is needed to know what
to do.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from urgency.errors import BadMessage

FIRST_YEAR = 1970
_MALFORMED = (KeyError, TypeError, ValueError, OverflowError)
"""OverflowError comes of Infinity, which is a number in Python's JSON."""

INCOMING = "incoming/"
"""Where ticket files land, below the landing bucket."""

HEARTBEAT = "Heartbeat"
"""The attribute `event` of a heartbeat; infra/heartbeat.tf says it too."""


@dataclass(frozen=True, slots=True)
class LandedObject:
    """An object that was finalized in the landing bucket; `size` in bytes."""

    name: str
    generation: int
    size: int
    created: datetime


@dataclass(frozen=True, slots=True)
class ModelReleased:
    """The release pointer moved to `version`, its `epoch`-th write, by run `execution`."""

    epoch: int
    version: int
    execution: str

    def to_pubsub(self) -> tuple[bytes, dict[str, str]]:
        """Data and attributes of the Pub/Sub message."""
        data = json.dumps({"schema": 1, "epoch": self.epoch, "version": self.version}).encode()
        return data, {"event": "ModelReleased", "execution": self.execution}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life that takes the way of every message: topic, function, job, topic, function.

    sent: when Pub/Sub took this message, once it has.
    """

    execution: str = ""
    sent: datetime | None = None

    def to_pubsub(self) -> tuple[bytes, dict[str, str]]:
        """Data and attributes of the Pub/Sub message."""
        return b'{"schema": 1}', {"event": HEARTBEAT, "execution": self.execution}


@dataclass(frozen=True, slots=True)
class TicketScored:
    """A helpdesk's ticket got a probability; its text is not in the message.

    updated_at: when the ticket was last changed, as its helpdesk wrote it; "" where it is not said.
    """

    helpdesk: str
    ticket_id: str
    updated_at: str
    label: str
    urgent: bool
    probability: float
    version: int
    epoch: int
    scored_at: str

    def to_pubsub(self) -> tuple[bytes, dict[str, str]]:
        """Data and attributes of the Pub/Sub message; subscriptions filter by attributes."""
        data = json.dumps({"schema": 1, **asdict(self)}).encode()
        return data, {"event": "TicketScored", "helpdesk": self.helpdesk, "label": self.label}


def is_ticket_file(name: str) -> bool:
    """Whether a receipt is owed for this object: anything below `incoming/` but a folder's mark."""
    return name.startswith(INCOMING) and not name.endswith("/")


def read_landed_object(event_data: object) -> LandedObject:
    """The object that an event tells of. Raises BadMessage."""
    resource = _payload(event_data)[0]
    try:
        return LandedObject(
            name=_text(resource["name"]),
            generation=int(resource["generation"]),
            size=int(resource.get("size", 0)),  # some servers leave a 0 out
            created=_moment(_text(resource["timeCreated"])),
        )
    except _MALFORMED as error:
        raise BadMessage(f"The event does not describe a stored object: {error!r}.") from None


def read_model_released(event_data: object) -> ModelReleased:
    """The release in an event. Raises BadMessage, also for a schema newer than this code."""
    body, attributes, _published = _payload(event_data)
    try:
        schema, epoch, version = (int(body[key]) for key in ("schema", "epoch", "version"))
    except _MALFORMED as error:
        raise BadMessage(f"The event does not describe a released model: {error!r}.") from None
    if schema != 1:
        seen = f"The event has schema {schema}; this code reads schema 1"
        raise BadMessage(f"{seen}. Deploy the newer functions.")
    return ModelReleased(epoch, version, str(attributes.get("execution", "")))


def read_heartbeat(event_data: object) -> Heartbeat | None:
    """The heartbeat in an event, None where it is another one. Raises BadMessage."""
    _body, attributes, published = _payload(event_data)
    if attributes.get("event") != HEARTBEAT:
        return None
    try:
        sent = datetime.fromisoformat(published).astimezone(UTC)
    except (ValueError, OverflowError):  # an age that nobody knows stops no heartbeat
        sent = None
    return Heartbeat(str(attributes.get("execution", "")), sent)


def _payload(event_data: object) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Body, attributes and time of publication, unwrapped where Pub/Sub wrapped them."""
    if isinstance(event_data, bytes):
        event_data = _decoded(event_data)
    if not isinstance(event_data, dict):
        raise BadMessage("The event carries no JSON object.")
    message = event_data.get("message")
    if message is None:
        return event_data, {}, ""
    if not isinstance(message, dict) or not isinstance(message.get("data"), str):
        raise BadMessage("The Pub/Sub message carries no data.")
    attributes = message.get("attributes") or {}
    try:
        body = _decoded(base64.b64decode(message["data"], validate=True))
    except binascii.Error:
        raise BadMessage("The Pub/Sub message's data is not base64.") from None
    if not isinstance(body, dict) or not isinstance(attributes, dict):
        raise BadMessage("The Pub/Sub message's data is not a JSON object.")
    return body, attributes, str(message.get("publishTime", ""))


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadMessage("The event's data is not JSON.") from None


def _moment(text: str) -> datetime:
    """A time of the years in which objects are stored, in UTC where it names no zone."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.year < FIRST_YEAR:
        raise ValueError(f"the year {moment.year}")
    return moment


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text was expected")
    return value
