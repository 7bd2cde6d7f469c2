"""Body -> tickets -> answer. Pure, bytes in and bytes out, so that it is tested without a server.

`{"instances": [ticket, ...], "parameters": {"explain": k}}` gets
`{"predictions": [...], "model": {...}}`. A single ticket object, with `parameters` beside its
fields, gets a single prediction. Unknown members are ignored.
"""

import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, ValidationError

from service.model_slot import Serving
from service.problems import FieldError, Problem
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
    """How to predict; `explain` is the number of reasons."""

    explain: Annotated[int, Meta(ge=0, le=EXPLAIN_MAX)] = 0


class Envelope(Struct):
    """What a body may hold around its tickets; without `instances` the body itself is a ticket."""

    instances: list[Raw] | UnsetType = UNSET
    parameters: Parameters | None = None


class TicketBody(Struct):
    """A ticket as it is sent; null means absent, as in many helpdesks."""

    id: TicketId = None
    title: str | None = None
    description: str | None = None
    source: str | None = None
    customer_tier: str | None = None


class Prediction(Struct):
    """One ticket's answer; `urgent`: the probability reaches the model's threshold."""

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


class PredictRequest(Struct):
    """A valid request: tickets with their ids, number of reasons, whether it is a single ticket."""

    tickets: list[tuple[TicketId, Ticket]]
    explain: int
    is_single: bool


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TICKET = msgspec.json.Decoder(TicketBody)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def read_request(body: bytes) -> PredictRequest:
    """The tickets in `body`. Raises Problem 400 if it is not JSON, 422 with every bad field."""
    try:
        envelope = _decoded(_ENVELOPE, body)
    except ValidationError as error:
        raise _invalid([_field_error(error, "#")]) from None
    instances = envelope.instances
    is_single = isinstance(instances, UnsetType)
    bodies: Sequence[Raw | bytes] = [body] if isinstance(instances, UnsetType) else instances
    if len(bodies) > INSTANCES_MAX:
        too_many = f"{len(bodies):,} instances; at most {INSTANCES_MAX:,} are answered."
        raise _invalid([FieldError("#/instances", too_many)])
    tickets, errors = [], []
    for place, instance in enumerate(bodies):
        try:
            tickets.append(_ticket(instance))
        except (ValidationError, BadTicket) as error:
            errors.append(_field_error(error, "#" if is_single else f"#/instances/{place}"))
    if errors:
        raise _invalid(errors)
    explain = envelope.parameters.explain if envelope.parameters else 0
    return PredictRequest(tickets, explain, is_single)


def predict(asked: PredictRequest, serving: Serving) -> list[Prediction]:
    """A prediction for each ticket, all by the same model."""
    return [_predict(name, ticket, asked.explain, serving) for name, ticket in asked.tickets]


def encode(asked: PredictRequest, predictions: list[Prediction], serving: Serving) -> bytes:
    """The answer's JSON."""
    if asked.is_single:
        return msgspec.json.encode(predictions[0])
    model = ModelName(MODEL_NAME, serving.version, serving.epoch, serving.scorer.manifest.threshold)
    return msgspec.json.encode(Predictions(predictions, model))


def _predict(ticket_id: TicketId, ticket: Ticket, explain: int, serving: Serving) -> Prediction:
    scorer = serving.scorer
    probability = scorer.probability(ticket)
    unknown = scorer.unknown_categories(ticket).items()
    not_seen = "was not seen in training; it weighs nothing."
    warnings = [f"{column} {value!r} {not_seen}" for column, value in unknown]
    return Prediction(
        id=UNSET if ticket_id is None else ticket_id,
        label=scorer.label(probability),
        urgent=scorer.is_urgent(probability),
        probability=probability,
        explanation=scorer.explain(ticket, explain) if explain else UNSET,
        warnings=warnings or UNSET,
    )


def _ticket(instance: Raw | bytes) -> tuple[TicketId, Ticket]:
    sent = _decoded(_TICKET, instance)
    fields = (sent.title, sent.description, sent.source, sent.customer_tier)
    return sent.id, normal_ticket(*(field or "" for field in fields))


def _decoded(decoder: msgspec.json.Decoder[T], body: Raw | bytes) -> T:
    try:
        return decoder.decode(body)
    except ValidationError:
        raise
    except msgspec.DecodeError as error:
        what = str(error).removeprefix("JSON is malformed: ")
        raise Problem(400, f"The body is not JSON: {what}.") from None
    except UnicodeError:
        raise Problem(400, "The body is not JSON: not UTF-8.") from None
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.") from None


def _field_error(error: ValidationError | BadTicket, root: str) -> FieldError:
    """The error with its place, which msgspec adds as in "Expected `str` - at `$.title`"."""
    sentence, _, path = str(error).partition(" - at `$")
    steps = (name or index for name, index in _STEP.findall(path))
    return FieldError("/".join([root, *steps]), sentence)


def _invalid(errors: list[FieldError]) -> Problem:
    first = f"{errors[0].pointer}: {errors[0].detail}"
    more = f" {len(errors) - 1:,} more below in errors." if len(errors) > 1 else ""
    return Problem(422, first + more, errors)
