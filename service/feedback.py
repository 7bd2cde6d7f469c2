"""Body -> what people say of tickets. Pure, as `service.predict` is: bytes in, values out.

A body is a ticket with `label` and `by` beside its fields, or a list of such.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct, ValidationError

from service.bodies import Flaw, decoded, flaw
from service.predict import INSTANCES_MAX, invalid
from service.problems import FieldError
from service.tickets import OpenTicketBody, SentTicket, read_ticket
from urgency.feedback import Feedback, said_side
from urgency.settings import Settings
from urgency.vocabulary import LABEL_MAX

BY_MAX = 200

Label = Annotated[str, Meta(min_length=1, max_length=LABEL_MAX)]
By = Annotated[str, Meta(min_length=1, max_length=BY_MAX)]


class LabelledTicket(OpenTicketBody, kw_only=True):
    """A ticket with what a person says of it: `label`, as urgent or non-urgent, and `by` whom."""

    label: Label
    by: By


class Published(Struct):
    """So many labels are kept; warnings name the members that are not read."""

    published: int
    warnings: list[str]


class Said(NamedTuple):
    """A valid request."""

    feedback: list[Feedback]
    warnings: list[str]


_LIST = msgspec.json.Decoder(list[Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_OWN = {"label": msgspec.json.Decoder(Label), "by": msgspec.json.Decoder(By)}
_NO_LABEL = "The label is not understood; write urgent or non-urgent, or a priority such as high."


def read_feedback(body: bytes, settings: Settings, at: datetime) -> Said:
    """What a body says. Raises Problem 400 if it is not JSON, 422 with every bad field."""
    said, errors = Said([], []), []
    for pointer, item in _items(body):
        flaws: list[Flaw] = []
        found = _read(item, settings, at, flaws)
        errors += [FieldError(pointer + each.path, each.detail) for each in flaws]
        if found:
            said.feedback.append(found[0])
            said.warnings.extend(one for one in found[1] if one not in said.warnings)
    if errors:
        raise invalid(errors)
    return said


def _items(body: bytes) -> Iterator[tuple[str, Raw | bytes]]:
    """Each ticket with its JSON pointer."""
    if not body.lstrip().startswith(b"["):
        yield "#", body
        return
    items = decoded(_LIST, body)
    if not 1 <= len(items) <= INSTANCES_MAX:
        detail = f"{len(items):,} tickets; send 1 to {INSTANCES_MAX:,} in one request."
        raise invalid([FieldError("#", detail)])
    yield from ((f"#/{place}", item) for place, item in enumerate(items))


def _read(
    item: Raw | bytes, settings: Settings, at: datetime, flaws: list[Flaw]
) -> tuple[Feedback, tuple[str, ...]] | None:
    """One ticket's feedback and warnings; None after all that is wrong was added to `flaws`."""
    try:
        members = decoded(_MEMBERS, item)
    except ValidationError as error:
        flaws.append(flaw(error))
        return None
    own = {name: _own(name, members.pop(name, None), flaws) for name in _OWN}
    is_urgent = said_side(own["label"], settings.urgent_labels, settings.other_labels)
    if own["label"] and is_urgent is None:
        flaws.append(Flaw("/label", _NO_LABEL))
    try:
        sent = read_ticket(Raw(msgspec.json.encode(members)), is_single=False)
    except Flaw as error:
        flaws.append(error)
        return None
    if flaws or is_urgent is None:
        return None
    return _feedback(sent, is_urgent, own["by"], at), sent.warnings


def _own(name: str, value: Raw | None, flaws: list[Flaw]) -> str:
    """The text of `label` or `by`; "" after a flaw."""
    if value is None:
        flaws.append(Flaw("", f"{name} is missing."))
        return ""
    try:
        text = decoded(_OWN[name], value).strip()
    except ValidationError as error:
        flaws.append(Flaw(f"/{name}", str(error)))
        return ""
    if not text:
        flaws.append(Flaw(f"/{name}", f"{name} is empty."))
    return text


def _feedback(sent: SentTicket, is_urgent: bool, by: str, at: datetime) -> Feedback:  # noqa: FBT001
    """With texts as they were sent: the normal form of a normal form may be another one."""
    body = sent.body
    return Feedback(
        id="" if sent.id is None else str(sent.id),
        title=body.title or "",
        description=body.description or "",
        source=body.source or "",
        customer_tier=body.customer_tier or "",
        is_urgent=is_urgent,
        by=by,
        at=at,
    )
