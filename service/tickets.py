"""A ticket's JSON -> the ticket; it is read a second time only if it has unusual members."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, ValidationError

from service.bodies import Flaw, decoded, flaw, pointer_step
from service.members import FIELDS, Others, TicketId, read_others, shown
from urgency.errors import BadTicket
from urgency.ticket import CATEGORY_MAX, TEXT_MAX, Ticket, normal_ticket

# The lengths are for the API's description; normal_ticket checks them, and says it in words.
Text = Annotated[str | None, Meta(extra_json_schema={"maxLength": TEXT_MAX})]
Category = Annotated[str | None, Meta(extra_json_schema={"maxLength": CATEGORY_MAX})]


class TicketBody(Struct, forbid_unknown_fields=True):
    """A ticket by the API's own names; null means absent, as in many helpdesks."""

    id: TicketId = None
    title: Text = None
    description: Text = None
    source: Category = None
    customer_tier: Category = None


class SingleTicketBody(TicketBody):
    """A ticket that is the whole body, with `parameters` beside, which are read elsewhere."""

    parameters: Raw | UnsetType = UNSET


class OpenTicketBody(TicketBody, forbid_unknown_fields=False):
    """A ticket that may have any further members."""


class SentTicket(Struct):
    """A valid ticket, its id and fields as sent, and warnings that name the members not read."""

    id: TicketId
    ticket: Ticket
    body: TicketBody
    warnings: tuple[str, ...] = ()


_ONE_OF_MANY: msgspec.json.Decoder[TicketBody] = msgspec.json.Decoder(TicketBody)
_SINGLE: msgspec.json.Decoder[TicketBody] = msgspec.json.Decoder(SingleTicketBody)
_OPEN = msgspec.json.Decoder(OpenTicketBody)
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_ONE_FIELD = re.compile(r"(\w+)(?= has | holds )")


def read_ticket(instance: Raw | bytes, *, is_single: bool) -> SentTicket:
    """The ticket in a JSON value. Raises Flaw, or Problem 400 if it is not JSON."""
    others = None
    try:
        try:
            body = decoded(_SINGLE if is_single else _ONE_OF_MANY, instance)
        except ValidationError:
            body, others = _with_others(instance, is_single=is_single)
        texts = (body.title, body.description, body.source, body.customer_tier)
        ticket = normal_ticket(*(text or "" for text in texts))
    except ValidationError as error:
        raise flaw(error) from None
    except BadTicket as error:
        raise _named(str(error), others) from None
    return SentTicket(body.id, ticket, body, others.warnings if others else ())


def _with_others(instance: Raw | bytes, *, is_single: bool) -> tuple[TicketBody, Others]:
    """The ticket with what its other members say where its own names say nothing."""
    body = decoded(_OPEN, instance)
    members = decoded(_MEMBERS, instance)
    if is_single:
        members.pop("parameters", None)
    values = ((field, getattr(body, field)) for field in FIELDS.values())
    others = read_others(members, {field for field, value in values if _says_something(value)})
    for field, value in others.values.items():
        setattr(body, field, value)
    return body, others


def _says_something(value: str | int | None) -> bool:
    return value is not None and bool(str(value).strip())


def _named(sentence: str, others: Others | None) -> Flaw:
    """A flaw by BadTicket's sentence: of one member, as the caller wrote it, or of the ticket."""
    match = _ONE_FIELD.match(sentence)
    if not match:
        return Flaw("", " ".join([sentence, *(others.warnings if others else ())]))
    member = others.written.get(match[1], match[1]) if others else match[1]
    return Flaw(pointer_step(member), shown(member) + sentence[match.end() :])
