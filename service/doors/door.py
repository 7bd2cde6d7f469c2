"""What every door has in common: what was sent, what is answered, and columns read as tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from service.bodies import pointer_step
from service.model_slot import Serving
from service.predict import Prediction, PredictRequest, encode, read_tickets
from service.tickets import SentTicket

JSON = "application/json"


class Sent(NamedTuple):
    """A request's body, with what its headers and its query say about it."""

    body: bytes
    media_type: str = JSON
    accept: str = ""
    arguments: Mapping[str, str] = {}
    json_size: str = ""
    """How many bytes of the body are JSON, where binary tensors come after it."""


class Answer(NamedTuple):
    """The body of an answer, its type, and headers of its protocol."""

    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = {}


class Door(NamedTuple):
    """`read` makes an Asked or raises Problem; `answer` gets just that Asked back."""

    read: Callable[[Sent], Any]
    answer: Callable[[Any, list[Prediction], Serving], Answer]


def json_answer(asked: PredictRequest, predictions: list[Prediction], serving: Serving) -> Answer:
    """`{"predictions": [...], "model": {...}}`, or a bare prediction."""
    return Answer(encode(asked, predictions, serving))


def read_columns(
    names: Sequence[str], rows: Iterable[Sequence[Any]], pointer: Callable[[int, int], str]
) -> list[SentTicket]:
    """Tickets from rows of JSON values, one for each name. Raises Problem 422.

    pointer: from the place of a row and that of a column.
    """
    places = {pointer_step(name): place for place, name in enumerate(names)}
    bodies = [Raw(msgspec.json.encode(dict(zip(names, row, strict=True)))) for row in rows]
    return read_tickets(bodies, lambda row, path: pointer(row, places.get(path, 0)))
