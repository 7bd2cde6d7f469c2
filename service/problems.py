"""Every error answer of the service: RFC 9457 problem details.

Beside the standard's members stands `error`, which clients of the Open Inference Protocol and of TF
Serving read.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log

RETRY_SOON = {"Retry-After": "5"}

_DETAILS = {
    404: "Nothing is served at this path; GET / lists what is.",
    413: "The body is larger than 1.5 MB; send the tickets in several requests.",
}


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body: where, as a JSON pointer in a URI fragment, and what."""

    pointer: str
    detail: str


class Problem(Exception):
    """What a request gets instead of an answer. `detail` says what was seen and what to do, never a
    ticket's text.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        flaws: Sequence[Flaw] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.flaws, self.headers = status, detail, flaws, headers or {}

    def response(self) -> Response:
        """The problem as an HTTP response."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "error": self.detail,
        }
        if self.flaws:
            body["errors"] = self.flaws
        return Response(
            msgspec.json.encode(body),
            self.status,
            dict(self.headers),
            content_type="application/problem+json",
        )


def answer_with_problems(app: Flask, log: Log) -> None:
    """Make `app` answer every error as a problem; what nobody foresaw is logged without a ticket's
    text.
    """

    def unforeseen(error: Exception) -> Response:
        frames = [
            f"{frame.filename}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)[-5:]
        ]
        log.error("request_failed", path=request.path, type=type(error).__name__, frames=frames)
        return Problem(500, "The service failed on this request; its log says where.").response()

    app.register_error_handler(Problem, Problem.response)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Unavailable, _cloud_problem)
    app.register_error_handler(Forbidden, _cloud_problem)
    app.register_error_handler(Exception, unforeseen)


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(
        status, _DETAILS.get(status) or error.description or error.name, headers=headers
    ).response()


def _cloud_problem(error: Exception) -> Response:
    return Problem(503, str(error), headers=RETRY_SOON).response()
