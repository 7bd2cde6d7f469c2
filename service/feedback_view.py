"""POST /v1/feedback: what people say of tickets, handed to Pub/Sub before it is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from flask import Blueprint, Response

from service.doors.door import JSON
from service.feedback import Published, read_feedback
from service.problems import RETRY_SOON, Problem
from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log
from urgency.settings import Settings

NO_TOPIC = (
    "This service takes no feedback: URGENCY_FEEDBACK_TOPIC is not set, as in a public service,"
    " where nobody would know who teaches the model."
)
AGAIN = "Send it again: the same label twice counts once."


class Publish(Protocol):
    """Where messages go."""

    def publish(self, messages: list[bytes]) -> None:
        """Return once they are kept. Raises Unavailable or Forbidden."""


def _now() -> datetime:
    return datetime.now(UTC)


class FeedbackView:
    """The view. body: of the request, if it has this media type; raises Problem."""

    def __init__(
        self,
        settings: Settings,
        topic: Publish,
        log: Log,
        body: Callable[..., bytes],
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._settings, self._topic, self._log = settings, topic, log
        self._body, self._now = body, now

    def blueprint(self) -> Blueprint:
        """Its one route."""
        blueprint = Blueprint("people", __name__)
        blueprint.add_url_rule("/v1/feedback", view_func=self.feedback, methods=["POST"])
        return blueprint

    def feedback(self) -> Response:
        """Labels that people give; they are kept when this answers 200."""
        if not self._settings.feedback_topic:
            raise Problem(403, NO_TOPIC)
        said = read_feedback(self._body(JSON), self._settings, self._now())
        try:
            self._topic.publish([each.to_line() for each in said.feedback])
        except (Unavailable, Forbidden) as error:
            self._log.error("feedback_not_published", reason=str(error))
            raise Problem(503, f"{error} {AGAIN}", headers=RETRY_SOON) from None
        count = len(said.feedback)
        self._log.info("feedback_published", tickets=count)
        answer = Published(count, said.warnings)
        return Response(msgspec.json.encode(answer), content_type=JSON)
