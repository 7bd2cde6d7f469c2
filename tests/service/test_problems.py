"""Every error is one JSON shape: what was seen, what to do, and never what somebody wrote."""

from __future__ import annotations

import io
import json
from typing import Annotated, Literal

import msgspec
import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from service.bodies import flaw
from service.problems import FieldError, Problem
from service.request_log import TracedLog
from service.web import answer_with_problems
from tests.service.problem_answer import problem_of
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.service import Instance
from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log


def logs_to(stream: io.StringIO) -> TracedLog:
    return TracedLog(Log(stream=stream), "local-helpdesk")


def raising(error: Exception, log: io.StringIO) -> FlaskClient:
    """A client of an app whose one page raises `error`."""
    app = Flask("raising")
    answer_with_problems(app, logs_to(log))

    @app.get("/")
    def page() -> str:
        raise error

    return app.test_client()


def test_a_problem_tells_its_status_its_detail_and_its_headers():
    problem = Problem(409, "Version 1 stays.", headers={"Retry-After": "7"})
    answer = raising(problem, io.StringIO()).get("/")
    assert problem_of(answer, 409) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Version 1 stays.",
        "error": "Version 1 stays.",
        "error_code": "RESOURCE_CONFLICT",
        "message": "Version 1 stays.",
    }
    assert answer.headers["Retry-After"] == "7"


def test_flaws_are_listed_only_where_there_are_some():
    flaws = [FieldError("#/title", "must be a text"), FieldError("#", "empty")]
    body = problem_of(raising(Problem(422, "Two.", flaws), io.StringIO()).get("/"), 422)
    assert body["errors"] == [
        {"pointer": "#/title", "detail": "must be a text"},
        {"pointer": "#", "detail": "empty"},
    ]
    assert "errors" not in problem_of(raising(Problem(422, "None."), io.StringIO()).get("/"), 422)


@pytest.mark.parametrize("error", [Unavailable("Storage is away."), Forbidden("No grant.")])
def test_a_cloud_that_does_not_answer_is_a_503_to_be_tried_again(error: Exception):
    log = io.StringIO()
    answer = raising(error, log).get("/")
    assert problem_of(answer, 503)["detail"] == str(error)
    assert answer.headers["Retry-After"] == "5"
    assert not log.getvalue()


@pytest.mark.parametrize("status", [400, 404, 405, 413, 414, 431])
def test_what_flask_and_werkzeug_raise_is_a_problem_too(status: int):
    app = Flask("aborting")
    answer_with_problems(app, logs_to(io.StringIO()))
    app.add_url_rule("/", "page", lambda: abort(status))
    assert problem_of(app.test_client().get("/"), status)["detail"]


def test_an_unforeseen_error_is_logged_with_its_place_and_without_its_message():
    log = io.StringIO()
    answer = raising(RuntimeError("secret ticket text"), log).get("/")
    assert "secret" not in json.dumps(problem_of(answer, 500))
    line = json.loads(log.getvalue())
    assert (line["message"], line["type"], line["path"]) == ("request_failed", "RuntimeError", "/")
    assert any("test_problems.py" in frame for frame in line["frames"])
    assert "secret" not in log.getvalue()


def test_the_services_own_errors_are_such_problems():
    instance = Instance(registry_with(1))

    def fail(_when: str) -> None:
        raise RuntimeError("secret ticket text")

    instance.registry.objects.fault = fail  # type: ignore[attr-defined]
    assert "secret" not in json.dumps(problem_of(instance.http.get("/v1/models"), 500))
    assert instance.facts("request_failed")


def test_an_invalid_batch_lists_its_flaws():
    http = Instance(registry_with(1)).http
    answer = http.post("/predict", json={"instances": [{}, URGENT_TICKET, {"title": 1}]})
    pointers = [flaw["pointer"] for flaw in problem_of(answer, 422)["errors"]]
    assert pointers == ["#/instances/0", "#/instances/2/title"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 415, 422, 431, 500, 503])
def test_mlflows_clients_know_the_code_of_every_problem(status: int):
    mlflow = pytest.importorskip("mlflow.exceptions")
    body = json.loads(Problem(status, "What was seen.").body())
    raised = mlflow.RestException(body)
    assert raised.error_code == body["error_code"]
    assert "What was seen." in str(raised)


class Inner(msgspec.Struct):
    here: int


class Bounded(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    text: Annotated[str, msgspec.Meta(max_length=2)] | int | None = None
    listed: Annotated[list[Inner], msgspec.Meta(max_length=2)] = []
    colour: Literal["red"] = "red"


@pytest.mark.parametrize(
    ("body", "path", "detail"),
    [
        ("[]", "", "must be an object, and is a list."),
        ('{"number": -1}', "/number", "must be a whole number of at least 0."),
        ('{"number": 51}', "/number", "must be a whole number of at most 50."),
        ('{"number": 1.5}', "/number", "must be a whole number, and is a number."),
        ('{"text": true}', "/text", "must be a whole number or a text or null, and is true or"),
        ('{"text": "abc"}', "/text", "must be a text of at most 2 characters."),
        ('{"listed": [{}]}', "/listed/0", "lacks the member here."),
        ('{"listed": [{"here": 1}, 2]}', "/listed/1", "must be an object, and is a whole number."),
        ('{"colour": "a secret"}', "/colour", "is not what belongs here."),
    ],
)
def test_a_wrong_type_is_told_in_plain_words_and_without_the_value(
    body: str, path: str, detail: str
):
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(body, type=Bounded)
    found = flaw(raised.value)
    assert (found.path, found.detail[: len(detail)]) == (path, detail)
