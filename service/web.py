"""The service's Flask application: every path, for people and for programs.

Imported with the first request that `service.door` does not answer itself, so that an instance that
only predicts starts without Flask and never holds it.
"""

from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from service.answers import BODY_MAX_BYTES, Answers
from service.auth import Certificates, ReloadCaller
from service.background import Background
from service.feedback_topic import FeedbackTopic
from service.feedback_view import FeedbackView
from service.model_cards import StoredModels
from service.pages import Pages
from service.pointer_checks import OpenRegistry
from service.problems import PROBLEM_TYPE, Problem, problem_of
from service.request_log import TracedLog
from service.routes import Api, sent_body
from urgency.logs import Log
from urgency.settings import Settings

_DETAILS = {
    404: "There is nothing at this path; GET / lists the paths.",
    413: "The body is larger than 1.5 MB; send the tickets in several requests.",
}


def web_app(
    settings: Settings,
    registry: OpenRegistry,
    answers: Answers,
    log: Log,
    clock: Callable[[], float],
) -> Flask:
    """The application; `answers` serve the paths that need no Flask."""
    app = Flask("service", static_folder=None)
    # One byte over the limit, or werkzeug silently cuts a body that declares no length to it.
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES + 1
    app.url_map.merge_slashes = False
    answer_with_problems(app, answers.traced)
    certificates = Certificates(settings.certs_url, Background(), clock=clock)
    caller = ReloadCaller(settings.reload_audience, settings.reload_caller, certificates)
    models = StoredModels(registry)
    api = Api(answers, models, caller, log)
    people = FeedbackView(settings, FeedbackTopic(settings), log, sent_body)
    pages = Pages(answers.slot, models, api.serving_if_any)
    for views in (api, people, pages):
        app.register_blueprint(views.blueprint())
    return app


def answer_with_problems(app: Flask, logs: TracedLog) -> None:
    """Make `app` answer every error as a problem."""

    def answer(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            problem = _http_problem(error)
        else:
            log = logs.of(lambda name: request.headers.get(name, ""))
            problem = problem_of(error, request.path, log)
        headers = {**problem.headers, "Content-Type": PROBLEM_TYPE}
        return Response(problem.body(), problem.status, headers)

    app.register_error_handler(Exception, answer)


def _http_problem(error: HTTPException) -> Problem:
    status = error.code or 500
    detail = _DETAILS.get(status) or error.description or error.name
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(status, detail, headers=headers)
