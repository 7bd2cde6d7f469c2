"""Every error answer of the service: RFC 9457 problem details.

The further members are what clients of other protocols read, so that an answer given before
anything is parsed has the shape of each: `error` that of the Open Inference Protocol, KServe and
TF Serving, `error_code` and `message` that of MLflow.
"""

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from service.request_log import TracedLog
from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log

PROBLEM_TYPE = "application/problem+json"
RETRY_SOON = {"Retry-After": "5"}

_DETAILS = {
    404: "There is nothing at this path; GET / lists the paths.",
    413: "The body is larger than 1.5 MB; send the tickets in several requests.",
}

_MLFLOW_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    408: "DEADLINE_EXCEEDED",
    409: "RESOURCE_CONFLICT",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}
"""MLflow's names of errors, mlflow/protos/databricks.proto; BAD_REQUEST for every other status."""


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body: where, as a JSON pointer in a URI fragment, and what."""

    pointer: str
    detail: str


class ProblemBody(msgspec.Struct):
    """Problem details; `error` and `message` say the same as `detail`, for other protocols."""

    title: str
    status: int
    detail: str
    error: str
    error_code: str
    message: str
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET
    type: str = "about:blank"


class Problem(Exception):
    """An error answer. `detail` says what was seen and what to do, never a ticket's text."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers or {}

    def body(self) -> bytes:
        """The problem's JSON."""
        title, errors = HTTPStatus(self.status).phrase, [*self.errors] or msgspec.UNSET
        code, says = _MLFLOW_CODES.get(self.status, "BAD_REQUEST"), self.detail
        return msgspec.json.encode(ProblemBody(title, self.status, says, says, code, says, errors))

    def response(self) -> Response:
        """The problem as an HTTP response."""
        headers = {**self.headers, "Content-Type": PROBLEM_TYPE}
        return Response(self.body(), self.status, headers)


def answer_with_problems(app: Flask, logs: TracedLog) -> None:
    """Make `app` answer every error as a problem."""

    def answer(error: Exception) -> Response:
        log = logs.of(lambda name: request.headers.get(name, ""))
        return problem_of(error, request.path, log).response()

    app.register_error_handler(Exception, answer)


def problem_of(error: Exception, path: str, log: Log) -> Problem:
    """What a caller is told of `error`; an unexpected one is logged, never with text."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _http_problem(error)
    if isinstance(error, Unavailable | Forbidden):
        return Problem(503, str(error), headers=RETRY_SOON)
    stack = traceback.extract_tb(error.__traceback__)[-5:]
    frames = [f"{frame.filename}:{frame.lineno}" for frame in stack]
    log.error("request_failed", path=path, type=type(error).__name__, frames=frames)
    return Problem(500, "The service failed on this request; its log says where.")


def _http_problem(error: HTTPException) -> Problem:
    status = error.code or 500
    detail = _DETAILS.get(status) or error.description or error.name
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(status, detail, headers=headers)
