"""What travels between the deployables and to others: a landed object, a released model, a
heartbeat, a scored ticket and a notice, to and from their bytes.

Each may arrive as a raw Pub/Sub push or as a CloudEvent; functions-framework hands either over as
the event's data. A message is only a hint that says "look now": nothing here is needed to know what
to do.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass, fields
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

DEAD_LETTER = "CloudPubSubDeadLetterSource"
"""What Pub/Sub's attributes of a dead letter begin with."""


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


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people are told once: a sentence, what to do, and where to read on.

    key: names the event; one that was told is not told again.   kind: promoted, held, ...
    link: an address, or a path in the landing bucket.   It holds no ticket's text.
    """

    key: str
    kind: str
    text: str
    action: str
    link: str

    def to_pubsub(self) -> tuple[bytes, dict[str, str]]:
        """Data and attributes of the Pub/Sub message; a text that is too long is cut."""
        members = {name: _cut(getattr(self, name), most) for name, most in NOTICE_CHARS.items()}
        return json.dumps({"schema": 1, **members}).encode(), {"event": "Notice", "kind": self.kind}


NOTICE_CHARS = {"key": 200, "kind": 50, "text": 1_500, "action": 500, "link": 1_500}
"""The most characters of each member of a notice."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that Pub/Sub gave up; what it carries is not read.

    subscription: the one that gave it up.   published: when, RFC 3339.
    """

    subscription: str
    published: str


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
    _check_schema(schema)
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


def read_notice(event_data: object) -> Notice | DeadLetter:
    """The notice in an event, or the dead letter that it is. Raises BadMessage."""
    if given_up := _dead_letter(event_data):
        return given_up
    body = _payload(event_data)[0]
    try:
        schema = int(body["schema"])
        notice = Notice(**{one.name: _text(body[one.name]) for one in fields(Notice)})
    except _MALFORMED as error:
        raise BadMessage(f"The event does not describe a notice: {error!r}.") from None
    _check_schema(schema)
    for name, most in NOTICE_CHARS.items():
        if len(getattr(notice, name)) > most:
            raise BadMessage(f"The notice's {name} has over {most} characters.")
    return notice


def _dead_letter(event_data: object) -> DeadLetter | None:
    if isinstance(event_data, bytes):
        event_data = _decoded(event_data)
    message = event_data.get("message") if isinstance(event_data, dict) else None
    attributes = message.get("attributes") if isinstance(message, dict) else None
    source = f"{DEAD_LETTER}Subscription"
    if not (isinstance(message, dict) and isinstance(attributes, dict) and source in attributes):
        return None
    return DeadLetter(str(attributes[source]), str(message.get("publishTime", "")))


def _check_schema(schema: int) -> None:
    if schema != 1:
        seen = f"The event has schema {schema}; this code reads schema 1"
        raise BadMessage(f"{seen}. Deploy the newer functions.")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


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
