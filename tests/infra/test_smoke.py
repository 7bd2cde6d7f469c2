"""The smoke test says in one sentence whether a service does what it is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask, Response, request

from infra.local.server import Server, listen, url_of
from infra.local.state import running_stack
from infra.smoke import main
from service.app import create_app
from tests.support.cloud.live_stack import LiveStack, live_stack
from tests.support.models import registry_with
from tests.support.service.service import ENVIRON
from tests.support.storage.memory_store import MemoryStore
from tests.support.waiting import eventually
from urgency.registry import Registry

Serve = Callable[[Flask], str]

PREDICTED = {"id": "smoke", "label": "urgent", "urgent": True, "probability": 0.9}
SOMETHING_ELSE = "answers a prediction with something else."
SANE = {"predictions": [PREDICTED], "model": {"version": 7}}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an application for the length of a test and gives its address."""
    servers = []

    def serving(app: Flask) -> str:
        listening = listen()
        servers.append(Server(app, listening))
        return url_of(listening)

    yield serving
    for server in servers:
        server.stop()


def fake(
    answer: object = SANE,
    *,
    status: int = 200,
    version: str = "7",
    live: int = 200,
    reload: int = 401,
) -> Flask:
    """A service that answers like this, whatever it is asked."""
    app = Flask("fake")
    app.add_url_rule("/health/live", "live", lambda: ({}, live))
    app.add_url_rule("/v1/model:reload", "reload", lambda: ({}, reload), methods=["POST"])
    body = answer if isinstance(answer, str) else json.dumps(answer)
    told = {"X-Model-Version": version} if version else {}
    app.add_url_rule(
        "/v1/predict", "predict", lambda: Response(body, status, told), methods=["POST"]
    )
    return app


def real(registry: Registry) -> Flask:
    return create_app(ENVIRON, registry=lambda: registry)


def test_a_service_with_a_model_passes_and_says_which(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(real(registry_with(1, 2)))
    assert main([url]) == 0
    assert capsys.readouterr().out == f"{url} predicts with version 2.\n"


def test_a_service_without_any_model_yet_passes_and_says_so(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(real(Registry(MemoryStore(), MemoryStore())))
    assert main([f"{url}/"]) == 0
    assert capsys.readouterr().out == f"{url} is live and has no model yet.\n"


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        (fake(live=500), "answers 500 to /health/live, not 200."),
        (fake(reload=200), "answers 200 to a reload that is not the release function's."),
        (fake({"detail": "Overloaded."}, status=503), "answers 503 to a prediction: Overloaded."),
        (fake("<html>", status=502), "answers 502 to a prediction: "),
        (fake("<html>"), SOMETHING_ELSE),
        (fake(SANE | {"predictions": []}), SOMETHING_ELSE),
        (fake(SANE | {"predictions": [PREDICTED | {"probability": 1.5}]}), SOMETHING_ELSE),
        (fake(SANE | {"predictions": [PREDICTED | {"label": "maybe"}]}), SOMETHING_ELSE),
        (fake(SANE | {"predictions": [PREDICTED | {"id": "T-1"}]}), SOMETHING_ELSE),
        (fake(version=""), "says X-Model-Version: None and predicts with version 7."),
        (fake(version="6"), "says X-Model-Version: 6 and predicts with version 7."),
    ],
)
def test_anything_else_fails_with_one_sentence(
    app: Flask, sentence: str, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(app)
    assert main([url], {}) == 1
    assert capsys.readouterr().err == f"{url} {sentence}\n"


def test_a_reload_by_the_smoke_tests_own_identity_has_to_be_refused_too(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    app = fake()
    app.before_request(lambda: ({}, 200) if "Authorization" in request.headers else None)
    url = serve(app)
    assert main([url], {}) == 0
    assert main([url], {"ID_TOKEN": "token\n"}) == 1
    assert "to a reload that is not" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense"])
def test_an_address_where_nobody_answers_fails_with_one_sentence(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([url], {}) == 1
    assert capsys.readouterr().err.startswith(f"{url} does not answer: ")


@pytest.mark.slow
def test_the_local_stack_passes_behind_its_front_which_asks_for_a_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with live_stack(tmp_path / "stack") as stack:
        url, token = front_of(stack), operator_token(stack)
        assert main([url], {}) == 1  # private: nobody is let in without a token
        assert main([url], {"ID_TOKEN": token}) == 0
        assert capsys.readouterr().out == f"{url} is live and has no model yet.\n"
        assert stack.urgency("drop", "data/tickets.csv", "--wait").code == 0
        eventually(lambda: stack.serving() == [1, 1], timeout_s=60)
        assert main([url], {"ID_TOKEN": token}) == 0
        assert capsys.readouterr().out == f"{url} predicts with version 1.\n"


def front_of(stack: LiveStack) -> str:
    """The service's address, where callers are checked as by Cloud Run."""
    running = running_stack(stack.home)
    assert running is not None
    return running.urls.service


def operator_token(stack: LiveStack) -> str:
    """An ID token for that address, from the metadata server of the operator."""
    running = running_stack(stack.home)
    assert running is not None
    server = f"http://{running.operator['GCE_METADATA_HOST']}/computeMetadata/v1/instance"
    identity = f"{server}/service-accounts/default/identity"
    audience = {"audience": front_of(stack)}
    return requests.get(identity, audience, headers={"Metadata-Flavor": "Google"}, timeout=60).text
