"""Body -> tickets -> answer. Pure: bytes in, bytes out, so every mistake a caller can make is
tested without a server.

`{"instances": [ticket, ...], "parameters": {"explain": k}}` gets `{"predictions": [...], "model":
{...}}`; a bare ticket object, `parameters` beside its fields, gets a bare prediction. Members that
nobody knows are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, ValidationError

from service.model_slot import Serving
from service.problems import Flaw, Problem
from urgency.errors import BadTicket
from urgency.scorer import Explanation
from urgency.ticket import Ticket, normal_ticket

MODEL_NAME = "ticket-urgency"
INSTANCES_MAX = 1_000
EXPLAIN_MAX = 50
ID_MAX = 200

TicketId = Annotated[str, Meta(max_length=ID_MAX)] | int | None
T = TypeVar("T")


class Parameters(Struct):
    """How to predict; `explain` asks for that many reasons."""

    explain: Annotated[int, Meta(ge=0, le=EXPLAIN_MAX)] = 0


class Envelope(Struct):
    """What a body may hold around its tickets; one without `instances` is itself a ticket."""

    instances: list[Raw] | UnsetType = UNSET
    parameters: Parameters | None = None


class TicketBody(Struct):
    """A ticket as it is sent; null means absent, as helpdesks write it."""

    id: TicketId = None
    title: str | None = None
    description: str | None = None
    source: str | None = None
    customer_tier: str | None = None


class Prediction(Struct):
    """One ticket's answer; `urgent` compares the probability with the model's threshold, whatever
    the label.
    """

    id: TicketId | UnsetType
    label: str
    urgent: bool
    probability: float
    explanation: Explanation | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET


class ModelName(Struct):
    """The model that answered."""

    name: str
    version: int
    epoch: int
    threshold: float


class Predictions(Struct):
    """The answer to `instances`, in their order."""

    predictions: list[Prediction]
    model: ModelName


class Asked(Struct):
    """A valid request: tickets with their ids, reasons wanted, and whether it was one bare ticket."""

    tickets: list[tuple[TicketId, Ticket]]
    explain: int
    is_bare: bool


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TICKET = msgspec.json.Decoder(TicketBody)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def read_request(body: bytes) -> Asked:
    """The tickets in `body`. Raises Problem: 400 for what is no JSON, 422 with every flawed
    ticket's JSON pointer.
    """
    try:
        envelope = _decoded(_ENVELOPE, body)
    except ValidationError as error:
        raise _invalid([_flaw(error, "#")]) from None
    is_bare = envelope.instances is UNSET
    instances: Sequence[Raw | bytes] = (
        [body] if isinstance(envelope.instances, UnsetType) else envelope.instances
    )
    if len(instances) > INSTANCES_MAX:
        raise _invalid(
            [
                Flaw(
                    "#/instances",
                    f"{len(instances):,} instances; at most {INSTANCES_MAX:,} are answered.",
                )
            ]
        )
    tickets, flaws = [], []
    for place, instance in enumerate(instances):
        try:
            tickets.append(_ticket(instance))
        except (ValidationError, BadTicket) as error:
            flaws.append(_flaw(error, "#" if is_bare else f"#/instances/{place}"))
    if flaws:
        raise _invalid(flaws)
    return Asked(tickets, envelope.parameters.explain if envelope.parameters else 0, is_bare)


def predict(asked: Asked, serving: Serving) -> list[Prediction]:
    """A prediction for each ticket, all by the same model."""
    return [
        _predicted(ticket_id, ticket, asked.explain, serving) for ticket_id, ticket in asked.tickets
    ]


def encode(asked: Asked, predictions: list[Prediction], serving: Serving) -> bytes:
    """The answer's JSON."""
    if asked.is_bare:
        return msgspec.json.encode(predictions[0])
    model = ModelName(MODEL_NAME, serving.version, serving.epoch, serving.scorer.manifest.threshold)
    return msgspec.json.encode(Predictions(predictions, model))


def _predicted(ticket_id: TicketId, ticket: Ticket, explain: int, serving: Serving) -> Prediction:
    scorer = serving.scorer
    probability = scorer.probability(ticket)
    unknown = scorer.unknown_categories(ticket)
    return Prediction(
        id=UNSET if ticket_id is None else ticket_id,
        label=scorer.label(probability),
        urgent=scorer.is_urgent(probability),
        probability=probability,
        explanation=scorer.explain(ticket, explain) if explain else UNSET,
        warnings=(
            [
                f"{column} {value!r} was not seen in training; it weighs nothing."
                for column, value in unknown.items()
            ]
            if unknown
            else UNSET
        ),
    )


def _ticket(instance: Raw | bytes) -> tuple[TicketId, Ticket]:
    sent = _decoded(_TICKET, instance)
    return sent.id, normal_ticket(
        sent.title or "", sent.description or "", sent.source or "", sent.customer_tier or ""
    )


def _decoded(decoder: msgspec.json.Decoder[T], body: Raw | bytes) -> T:
    try:
        return decoder.decode(body)
    except ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeError) as error:
        what = (
            str(error).removeprefix("JSON is malformed: ")
            if isinstance(error, msgspec.DecodeError)
            else "not UTF-8"
        )
        raise Problem(400, f"The body is not JSON: {what}.") from None
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.") from None


def _flaw(error: ValidationError | BadTicket, root: str) -> Flaw:
    """The flaw with its place; msgspec writes that behind its sentence, as in "Expected `str` - at
    `$.title`".
    """
    sentence, _, path = str(error).partition(" - at `$")
    return Flaw("/".join([root, *(name or index for name, index in _STEP.findall(path))]), sentence)


def _invalid(flaws: list[Flaw]) -> Problem:
    first = f"{flaws[0].pointer}: {flaws[0].detail}"
    more = f" {len(flaws) - 1:,} more below in errors." if len(flaws) > 1 else ""
    return Problem(422, first + more, flaws)
