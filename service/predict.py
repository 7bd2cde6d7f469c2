"""Body -> tickets -> answer. Pure, bytes in and bytes out, so that it is tested without a server.

`{"instances": [ticket, ...], "parameters": {"explain": k}}` gets
`{"predictions": [...], "model": {...}}`. A single ticket object, with `parameters` beside its
fields, gets a single prediction.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, ValidationError

from service.bodies import Flaw, decoded, flaw
from service.members import TicketId
from service.model_slot import Serving
from service.problems import FieldError, Problem
from service.tickets import SentTicket, read_ticket
from urgency.observed import Tally
from urgency.reasons import Explanation
from urgency.scorer import Score, Scorer

MODEL_NAME = "ticket-urgency"
INSTANCES_MAX = 1_000
EXPLAIN_MAX = 50


class Parameters(Struct):
    """How to predict; `explain` is the number of reasons."""

    explain: Annotated[int, Meta(ge=0, le=EXPLAIN_MAX)] = 0


class Envelope(Struct):
    """What a body may hold around its tickets; without `instances` the body itself is a ticket."""

    instances: list[Raw] | UnsetType = UNSET
    parameters: Parameters | None = None


class Prediction(Struct, kw_only=True):
    """One ticket's answer; `urgent`: the probability reaches the model's threshold."""

    id: TicketId | UnsetType = UNSET
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


class Asked(Protocol):
    """What every door reads from a body."""

    @property
    def tickets(self) -> list[SentTicket]:
        """The valid ones."""

    @property
    def explain(self) -> int:
        """The number of reasons."""


class PredictRequest(Struct):
    """A valid request: its tickets, number of reasons, whether it is a single ticket."""

    tickets: list[SentTicket]
    explain: int
    is_single: bool


_UNSEEN = "was not seen in training; it weighs nothing."
_NO_WORD = "No word of the title and description was seen in training; they weigh nothing."
_ENVELOPE = msgspec.json.Decoder(Envelope)


def read_request(body: bytes) -> PredictRequest:
    """The tickets in `body`. Raises Problem 400 if it is not JSON, 422 with every bad field."""
    try:
        envelope = decoded(_ENVELOPE, body)
    except ValidationError as error:
        raise wrong_type(error) from None
    instances = envelope.instances
    explain = envelope.parameters.explain if envelope.parameters else 0
    if isinstance(instances, UnsetType):
        ticket = read_tickets([body], lambda _, path: f"#{path}", is_single=True)
        return PredictRequest(ticket, explain, is_single=True)
    tickets = read_tickets(instances, lambda place, path: f"#/instances/{place}{path}")
    return PredictRequest(tickets, explain, is_single=False)


def read_tickets(
    bodies: Sequence[Raw | bytes], pointer: Callable[[int, str], str], *, is_single: bool = False
) -> list[SentTicket]:
    """The tickets in JSON values. Raises Problem 422 with every bad field.

    pointer: from a ticket's place and the path within it.
    """
    if len(bodies) > INSTANCES_MAX:
        too_many = f"{len(bodies):,} instances; at most {INSTANCES_MAX:,} are answered."
        raise invalid([FieldError(pointer(0, "").rpartition("/")[0], too_many)])
    tickets, errors = [], []
    for place, body in enumerate(bodies):
        try:
            tickets.append(read_ticket(body, is_single=is_single))
        except Flaw as error:
            errors.append(FieldError(pointer(place, error.path), error.detail))
    if errors:
        raise invalid(errors)
    return tickets


def predict(asked: Asked, serving: Serving, tally: Tally | None = None) -> list[Prediction]:
    """A prediction for each ticket, all by the same model; `tally` counts them."""
    scorer, tickets = serving.scorer, [sent.ticket for sent in asked.tickets]
    answers: Iterable[tuple[Score, Explanation | UnsetType]]
    if asked.explain:
        answers = (scorer.explained(ticket, asked.explain, tally) for ticket in tickets)
    else:
        answers = ((score, UNSET) for score in scorer.scores(tickets, tally))
    together = zip(asked.tickets, answers, strict=True)
    return [_predict(sent, *answer, scorer) for sent, answer in together]


def encode(asked: PredictRequest, predictions: list[Prediction], serving: Serving) -> bytes:
    """The answer's JSON."""
    if asked.is_single:
        return msgspec.json.encode(predictions[0])
    return msgspec.json.encode(Predictions(predictions, model_name(serving)))


def model_name(serving: Serving) -> ModelName:
    """What answers say of the model."""
    threshold = serving.scorer.manifest.threshold
    return ModelName(MODEL_NAME, serving.version, serving.epoch, threshold)


def _predict(
    sent: SentTicket, score: Score, why: Explanation | UnsetType, scorer: Scorer
) -> Prediction:
    ticket = sent.ticket
    warnings = list(sent.warnings)
    for column, value in scorer.unknown_categories(ticket).items():
        warnings.append(f"{column} {value!r} {_UNSEEN}")
    if not score.knows_words:
        warnings.append(_NO_WORD)
    return Prediction(
        id=UNSET if sent.id is None else sent.id,
        label=scorer.label(score.probability),
        urgent=scorer.is_urgent(score.probability),
        probability=score.probability,
        explanation=why,
        warnings=warnings or UNSET,
    )


def wrong_type(error: ValidationError) -> Problem:
    """The problem 422 of a body whose own members have wrong types."""
    found = flaw(error)
    return invalid([FieldError(f"#{found.path}", found.detail)])


def invalid(errors: list[FieldError]) -> Problem:
    """The problem 422 that lists them."""
    first = f"{errors[0].pointer}: {errors[0].detail}"
    more = f" {len(errors) - 1:,} more below in errors." if len(errors) > 1 else ""
    return Problem(422, first + more, errors)
