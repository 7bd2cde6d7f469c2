"""Every error answer of the service: RFC 9457 problem details.

The further members are what clients of other protocols read, so that an answer given before
anything is parsed has the shape of each: `error` that of the Open Inference Protocol, KServe and
TF Serving, `error_code` and `message` that of MLflow.
"""

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log

PROBLEM_TYPE = "application/problem+json"
RETRY_SOON = {"Retry-After": "5"}

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


def problem_of(error: Exception, path: str, log: Log) -> Problem:
    """What a caller is told of `error`; an unexpected one is logged, never with text."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Unavailable | Forbidden):
        return Problem(503, str(error), headers=RETRY_SOON)
    stack = traceback.extract_tb(error.__traceback__)[-5:]
    frames = [f"{frame.filename}:{frame.lineno}" for frame in stack]
    log.error("request_failed", path=path, type=type(error).__name__, frames=frames)
    return Problem(500, "The service failed on this request; its log says where.")
