"""Every error is one JSON shape: what was seen, what to do, and never what somebody wrote."""

from __future__ import annotations

import io
import json

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from service.problems import FieldError, Problem, answer_with_problems
from tests.service.problem_answer import problem_of
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.service import Instance
from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log


def raising(error: Exception, log: io.StringIO) -> FlaskClient:
    """A client of an app whose one page raises `error`."""
    app = Flask("raising")
    answer_with_problems(app, Log(stream=log))

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
    }
    assert answer.headers["Retry-After"] == "7"


def test_flaws_are_listed_only_where_there_are_some():
    flaws = [FieldError("#/title", "Expected `str`"), FieldError("#", "empty")]
    body = problem_of(raising(Problem(422, "Two.", flaws), io.StringIO()).get("/"), 422)
    assert body["errors"] == [
        {"pointer": "#/title", "detail": "Expected `str`"},
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
    answer_with_problems(app, Log(stream=io.StringIO()))
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
