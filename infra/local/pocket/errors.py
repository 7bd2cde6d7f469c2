"""Errors as Google's JSON APIs answer them, so that Google's clients translate them as usual."""

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

# https://cloud.google.com/apis/design/errors#error_model, and 412 as Cloud Storage uses it.
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    412: "FAILED_PRECONDITION",
    416: "OUT_OF_RANGE",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
}


class ApiError(Exception):
    """The error that a request gets: HTTP status, Google's reason (`notFound`), a sentence."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


def register_errors(app: Flask) -> None:
    """Make `app` answer every error in Google's shape, and 501 for what it does not imitate."""
    app.register_error_handler(ApiError, error_response)
    app.register_error_handler(HTTPException, _http_error)


def error_response(error: ApiError) -> Response:
    """Google's JSON error; a 304 has no body."""
    if error.code == 304:
        return Response(status=304)
    body = {
        "code": error.code,
        "message": error.message,
        "status": STATUS.get(error.code, "UNKNOWN"),
        "errors": [{"message": error.message, "domain": "global", "reason": error.reason}],
    }
    response = jsonify(error=body)
    response.status_code = error.code
    return response


def _http_error(error: HTTPException) -> Response:
    if error.code in (404, 405):  # an unknown route; a 404 would mean "no such object"
        problem = f"The pocket cloud does not imitate {request.method} {request.path}."
        return error_response(ApiError(501, "notImplemented", problem))
    problem = error.description or error.name
    return error_response(ApiError(error.code or 500, "badRequest", problem))
