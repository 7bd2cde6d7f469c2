"""A ticket from the page's form -> what the page shows: probability, threshold, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from service.model_slot import Serving
from service.predict import EXPLAIN_MAX, Prediction, predict, read_request
from urgency.features import located_words
from urgency.reasons import Reason
from urgency.ticket import Ticket

FIELDS = ("title", "description", "source", "customer_tier")

EXAMPLES: dict[str, dict[str, str]] = {
    "Checkout is down": {
        "title": "Checkout is down",
        "description": "Nobody can pay since ten o'clock, all customers are affected. Please help.",
        "source": "phone",
        "customer_tier": "enterprise",
    },
    "Locked out": {
        "title": "Cannot log in",
        "description": "Our whole team is locked out after the update and a release is due today.",
        "source": "email",
    },
    "Slow report": {
        "title": "Monthly report is slow",
        "description": "It takes a few minutes since last week. It does work, so no hurry.",
        "source": "web",
    },
    "Invoice question": {
        "title": "Question about my invoice",
        "description": "Could you send me a copy of the invoice of March? Thank you.",
        "source": "email",
        "customer_tier": "standard",
    },
}

STEPS = (0.05, 0.25, 0.6, 1.2)
"""Weights, in log-odds, from which a word is marked, and marked more strongly."""

REASONS_SHOWN = 8

_LABELS = {"urgent": "Urgent", "non-urgent": "Not urgent", "review": "A person should look"}


class Piece(NamedTuple):
    """A run of text; `mark` is "" or "up" or "down" with a strength from 1 to 4."""

    text: str
    mark: str
    weight: float


class Bar(NamedTuple):
    """A reason: `start` and `width` of its bar in percent, 50 being no weight at all."""

    reason: Reason
    start: float
    width: float


@dataclass(frozen=True)
class Trial:
    """What the page shows of one ticket."""

    prediction: Prediction
    label: str
    title: list[Piece]
    description: list[Piece]
    bars: list[Bar]
    threshold: float
    review: tuple[float, float] | None


def trial(form: dict[str, str], serving: Serving) -> Trial:
    """The ticket in `form` as the API answers it. Raises Problem 422 where the API does."""
    asked = read_request(msgspec.json.encode(form | {"parameters": {"explain": EXPLAIN_MAX}}))
    [prediction] = predict(asked, serving)
    reasons = prediction.explanation.reasons if prediction.explanation else ()
    ticket, manifest = asked.tickets[0].ticket, serving.scorer.manifest
    return Trial(
        prediction,
        _LABELS[prediction.label],
        marked(ticket, "title", reasons),
        marked(ticket, "description", reasons),
        _bars(reasons[:REASONS_SHOWN]),
        manifest.threshold,
        manifest.review,
    )


def marked(ticket: Ticket, field: str, reasons: tuple[Reason, ...]) -> list[Piece]:
    """A field's text in pieces, each place of a word that weighs something a piece of its own."""
    weights = {one.word.lower(): one.weight for one in reasons if one.field == field}
    text: str = getattr(ticket, field)
    pieces, end = [], 0
    for word in located_words(text, field):
        weight = weights.get(word.text.lower(), 0.0)
        start = max(word.start, end)  # words of two sounds overlap
        if (mark := _mark(weight)) and start < word.end:
            pieces += [Piece(text[end:start], "", 0.0), Piece(text[start : word.end], mark, weight)]
            end = word.end
    return [piece for piece in (*pieces, Piece(text[end:], "", 0.0)) if piece.text]


def _mark(weight: float) -> str:
    strength = sum(abs(weight) >= step for step in STEPS)
    return f"{'up' if weight > 0 else 'down'}{strength}" if strength else ""


def _bars(reasons: tuple[Reason, ...]) -> list[Bar]:
    most = max((abs(reason.weight) for reason in reasons), default=0.0) or 1.0
    widths = [50 * abs(reason.weight) / most for reason in reasons]
    return [
        Bar(reason, 50.0 if reason.weight > 0 else 50 - width, width)
        for reason, width in zip(reasons, widths, strict=True)
    ]
