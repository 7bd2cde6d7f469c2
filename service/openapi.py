"""The API's description, OpenAPI 3.1, from its routes and from the types that validate."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import msgspec
from werkzeug.routing import Rule

from service.doors.operations import OPERATIONS as DOORS
from service.doors.operations import TABLES
from service.operations import HTML, JSON, OPERATIONS, SCHEME, Operation
from service.pages import method_of
from service.problems import ProblemBody

PROBLEM = "application/problem+json"
_PREDICT = OPERATIONS["predict"]
_WITH_TABLES = replace(_PREDICT, takes=_PREDICT.takes | TABLES, answers=_PREDICT.answers | TABLES)
VIEWS = OPERATIONS | DOORS | {"predict": _WITH_TABLES}
"""View -> what it takes and answers; a test fails for a view that is not here."""

_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_REF = "#/components/{}/{}"
_SCHEMA = _REF.format("schemas", "{name}")
_ABOUT = (
    "Urgent tickets first: the probability that a ticket is urgent, the label that follows from the"
    " model's threshold, and each word's share. On Cloud Run every call needs an ID token of"
    " somebody who may invoke the service; an instance on a laptop asks for none."
)
_HEADERS = {
    "X-Request-Id": (True, "string", "The one that was sent, or a new one."),
    "Server-Timing": (True, "string", "Time inside the service, in milliseconds."),
    "X-Model-Version": (False, "integer", "Version of the model that answered."),
    "X-Model-Epoch": (False, "integer", "Epoch of the release that it follows; 0: a local copy."),
    "X-Model-Stale": (
        False,
        "integer",
        "Age of the release pointer, once checks fail, in seconds.",
    ),
    "Retry-After": (False, "integer", "When to try again, in seconds."),
    "WWW-Authenticate": (False, "string", "What is wrong with the token."),
}
_OF_STATUS = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}
_EVERYWHERE = [name for name in _HEADERS if name not in ("Retry-After", "WWW-Authenticate")]
_BY_THE_SERVER = (408, 431)
"""Answers to what is no whole request: problems, without the headers of an answer."""

_BY_CLOUD_RUN = 429
_BEFORE_THE_VIEW = (*_BY_THE_SERVER, _BY_CLOUD_RUN, 503)
"""Statuses that every path may answer with, before anything is parsed."""

_ABOUT_STATUS = {
    408: "The head of the request took over 5 s, or its body over 10 s",
    429: "Cloud Run answers so, and not with a problem, when all instances are busy",
    431: "The head of the request is over 64 KB",
    503: "There is no model yet, the instance has as many requests in work as it takes, or storage"
    " does not answer",
}
_SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An ID token by Google. The reload hook takes that of one identity only.",
}


def document(rules: Iterable[Rule]) -> dict[str, Any]:
    """The description of the views behind `rules`. Raises KeyError for one not in VIEWS."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    first: dict[str, str] = {}
    for rule in rules:
        view, path = rule.endpoint.rpartition(".")[2], path_of(rule)
        described = _operation(VIEWS[view], rule, schemas)
        if (known := first.setdefault(view, path)) != path:
            described |= {"description": f"The same as {known}.", "x-alias-of": known}
        else:
            described["operationId"] = view
        paths[path][method_of(rule).lower()] = described
    problem = {"schema": schemas.of((ProblemBody,))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ticket-urgency", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "responses": {
                str(_BY_CLOUD_RUN): {"description": _ABOUT_STATUS[_BY_CLOUD_RUN]},
                **{str(status): _problem(status, problem) for status in _statuses()},
            },
            "headers": {name: _header(*about) for name, about in _HEADERS.items()},
            "securitySchemes": {SCHEME: _SECURITY},
        },
    }


def path_of(rule: Rule) -> str:
    """The path as OpenAPI writes it: `/models/{version}/card`."""
    return _VARIABLE.sub(r"{\2}", rule.rule)


class _Schemas:
    """The types that operations speak of, each described once."""

    def __init__(self) -> None:
        self._types: list[Any] = []

    def of(self, types: tuple[Any, ...]) -> dict[str, Any]:
        """The schema of a value that has one of `types`."""
        self._types += [*types]
        schemas, _ = msgspec.json.schema_components(list(types), ref_template=_SCHEMA)
        return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}

    def components(self) -> dict[str, Any]:
        """Every type by its name."""
        return msgspec.json.schema_components(self._types, ref_template=_SCHEMA)[1]


def _operation(operation: Operation, rule: Rule, schemas: _Schemas) -> dict[str, Any]:
    problem = {PROBLEM: (ProblemBody,)}
    pages = {
        str(status): _answer(
            status, {HTML: (str,)} | (problem if status in _BEFORE_THE_VIEW else {}), schemas
        )
        for status in operation.pages_too
    }
    statuses = sorted({*operation.refuses, *_BEFORE_THE_VIEW} - {*operation.pages_too})
    refusals = {str(status): {"$ref": _REF.format("responses", status)} for status in statuses}
    described: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {"200": _answer(200, operation.answers, schemas), **refusals, **pages},
        "security": [{SCHEME: []}] if operation.needs_token else [{}, {SCHEME: []}],
    }
    if parameters := [*_path_parameters(rule), *operation.parameters]:
        described["parameters"] = parameters
    if operation.takes:
        content = {kind: {"schema": schemas.of(types)} for kind, types in operation.takes.items()}
        if examples := {name: {"value": value} for name, value in operation.examples.items()}:
            content[JSON]["examples"] = examples
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(status: int, types: dict[str, tuple[Any, ...]], schemas: _Schemas) -> dict[str, Any]:
    content = {kind: {"schema": schemas.of(some)} for kind, some in types.items()}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(status),
        "content": content,
    }


def _problem(status: int, content: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": _ABOUT_STATUS.get(status, HTTPStatus(status).phrase)
    }
    if status not in _BY_THE_SERVER:
        described["headers"] = _headers(status)
    return described | {"content": {PROBLEM: content}}


def _statuses() -> list[int]:
    refused = {status for operation in VIEWS.values() for status in operation.refuses}
    return sorted({*refused, *_BEFORE_THE_VIEW} - {_BY_CLOUD_RUN})


def _headers(status: int) -> dict[str, Any]:
    names = [*_EVERYWHERE, *_OF_STATUS.get(status, ())]
    return {name: {"$ref": _REF.format("headers", name)} for name in names}


def _header(always: bool, kind: str, description: str) -> dict[str, Any]:  # noqa: FBT001  OpenAPI's own
    return {"description": description, "required": always, "schema": {"type": kind}}


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for kind, name in _VARIABLE.findall(rule.rule):
        schema = {"type": "integer", "minimum": 1} if kind == "int" else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
