"""The HTTP interface: which paths there are, what they take, and what every answer carries."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from service.answers import BODY_MAX_BYTES
from service.routes import MODELS_DEFAULT, MODELS_MAX
from tests.service.faults import outage
from tests.service.problem_answer import problem_of
from tests.support.models import URGENT_TICKET, put_model, registry_with
from tests.support.service.service import SOFT_S, Instance
from urgency.bundle import CARD


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


# Paths


@pytest.mark.parametrize("path", ["/v1/predict", "/predict"])
def test_every_predict_path_answers(instance: Instance, path: str):
    answer = instance.http.post(path, json={"instances": [URGENT_TICKET]})
    assert answer.json["model"]["version"] == 2


@pytest.mark.parametrize("path", ["/v1/model:reload", "/reload-model"])
def test_every_reload_path_asks_for_a_token(instance: Instance, path: str):
    problem_of(instance.http.post(path), 401)


def test_the_model_card_says_what_serves(instance: Instance):
    card = instance.http.get("/v1/model").json
    assert (card["name"], card["version"], card["epoch"]) == ("ticket-urgency", 2, 2)
    assert card["manifest_sha256"] == instance.registry.current_release()[1].manifest_sha256
    assert card["rows"]["train"] == 600


def test_health_is_live_and_ready(instance: Instance):
    assert instance.http.get("/health/live").json == {"status": "live"}
    for path in ("/health", "/health/ready"):
        assert instance.http.get(path).json == {"status": "ready", "epoch": 2, "version": 2}


def test_the_index_names_every_route_and_each_of_them_is_there(instance: Instance):
    routes = instance.http.get("/").json["routes"]
    paths = {path for route in routes for path in route["paths"]}
    assert {"/v1/predict", "/v1/model:reload", "/v1/models", "/metrics", "/health/live"} <= paths
    for route in routes:
        for path in (path for path in route["paths"] if "<" not in path):
            answer = instance.http.open(path, method=route["method"])
            assert answer.status_code not in (404, 405), path


def test_unknown_paths_and_methods_are_problems_too(instance: Instance):
    problem_of(instance.http.get("/nowhere"), 404)
    problem_of(instance.http.get("/v1//predict"), 404)
    answer = instance.http.get("/predict")
    problem_of(answer, 405)
    assert "POST" in answer.headers["Allow"]


# The history


def test_a_versions_card_is_a_page_that_may_load_nothing():
    registry = registry_with(1)
    card = {CARD: registry.put_blob(b"<!doctype html><p>How good it is")}
    manifest = registry.manifest(1)
    assert manifest
    registry.commit(replace(manifest, version=2, parts=manifest.parts | card))
    http = Instance(registry).http
    answer = http.get("/v1/models/2/card")
    assert (answer.status_code, answer.text) == (200, "<!doctype html><p>How good it is")
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for without in ("/v1/models/1/card", "/v1/models/3/card", f"/v1/models/{'9' * 5000}/card"):
        problem_of(http.get(without), 404)


def test_the_history_lists_the_newest_versions_first_and_says_which_one_serves():
    registry = registry_with(1, 2, 3)
    put_model(registry, 4)
    models = Instance(registry).http.get("/v1/models?limit=3").json["models"]
    serving = [(model["version"], model["serving"]) for model in models]
    assert serving == [(4, False), (3, True), (2, False)]


def test_the_history_is_short_unless_a_limit_is_given():
    registry = registry_with()
    for version in range(1, MODELS_DEFAULT + 3):
        put_model(registry, version)
    http = Instance(registry).http
    assert len(http.get("/v1/models").json["models"]) == MODELS_DEFAULT
    limit = {"limit": str(MODELS_MAX)}
    assert len(http.get("/v1/models", query_string=limit).json["models"]) == MODELS_DEFAULT + 2


@pytest.mark.parametrize(
    "limit",
    ["0", "101", "-1", "many", "", "²", "1" * 5000, "00000000199", "000000001" + "9" * 5000],
)
def test_a_limit_that_makes_no_sense_is_refused(instance: Instance, limit: str):
    problem_of(instance.http.get("/v1/models", query_string={"limit": limit}), 422)


def test_the_history_without_storage_is_a_503_that_says_when_to_try_again():
    instance = Instance(registry_with(1))
    outage(instance.registry)
    answer = instance.http.get("/v1/models")
    problem_of(answer, 503)
    assert answer.headers["Retry-After"] == "5"


# Bodies


def test_a_body_without_a_content_type_is_read_as_json(instance: Instance):
    answer = instance.http.post("/predict", data=b'{"title":"Production down"}')
    assert answer.json["label"] == "urgent"


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_json_is_known_by_its_type_however_it_is_written(instance: Instance, content_type: str):
    answer = instance.http.post("/predict", data=b'{"title": "x"}', content_type=content_type)
    assert answer.status_code == 200


def test_a_large_body_is_413(instance: Instance):
    body = b'{"title": "' + b"x" * 5_000_000 + b'"}'
    problem_of(instance.http.post("/predict", data=body), 413)
    problem_of(instance.http.post("/predict", data=b" " * (BODY_MAX_BYTES + 1)), 413)


def test_a_body_of_just_the_promised_size_is_read(instance: Instance):
    body = b'{"title": "x"}'.ljust(BODY_MAX_BYTES)
    assert instance.http.post("/predict", data=body).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_what_is_not_plain_json_is_415(instance: Instance, headers: dict[str, str]):
    body = gzip.compress(b"{}") if "Content-Encoding" in headers else b'{"title": "x"}'
    problem_of(instance.http.post("/predict", data=body, headers=headers), 415)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"title": NaN}', b'{"title":"\\ud800"}', b"", b"\xff\xfe{\x00"]
)
def test_malformed_bodies_are_4xx(instance: Instance, body: bytes):
    answer = instance.http.post("/predict", data=body, content_type="application/json")
    problem_of(answer, answer.status_code)
    assert 400 <= answer.status_code < 500


# What every answer carries


def test_every_answer_names_model_request_and_time(instance: Instance):
    for answer in (
        instance.http.post("/predict", json=URGENT_TICKET),
        instance.http.get("/nowhere"),
    ):
        assert answer.headers["X-Model-Version"] == "2"
        assert answer.headers["X-Model-Epoch"] == "2"
        assert len(answer.headers["X-Request-Id"]) == 16
        assert answer.headers["Server-Timing"].startswith("app;dur=")


@pytest.mark.parametrize(
    ("sent", "echoed"), [("trace-1/a.b:c", True), ("x" * 129, False), ("a b", False)]
)
def test_a_sane_request_id_is_echoed(instance: Instance, sent: str, echoed: bool):
    answer = instance.http.get("/health/live", headers={"X-Request-Id": sent})
    assert (answer.headers["X-Request-Id"] == sent) is echoed


def test_two_requests_without_an_id_get_different_ones(instance: Instance):
    ids = [instance.http.get("/health/live").headers["X-Request-Id"] for _ in range(2)]
    assert ids[0] != ids[1]


def test_before_the_first_release_the_service_says_that_there_is_no_model_yet():
    registry = registry_with()
    put_model(registry, 1)  # trained and judged, but never promoted
    instance = Instance(registry)
    answer = instance.http.post("/predict", json=URGENT_TICKET)
    assert "no model yet" in problem_of(answer, 503)["detail"]
    assert answer.headers["Retry-After"]
    assert "X-Model-Version" not in answer.headers
    problem_of(instance.http.get("/health/ready"), 503)
    problem_of(instance.http.get("/v1/model"), 503)
    assert instance.http.get("/health/live").status_code == 200


def test_health_and_metrics_ask_storage_nothing_while_the_pointer_is_fresh():
    instance = Instance(registry_with(1))
    outage(instance.registry)
    instance.clock.advance(SOFT_S * 0.5)
    for path in ("/health/live", "/health/ready", "/metrics", "/v1/model", "/"):
        assert instance.http.get(path).status_code == 200
    assert not instance.facts("model_check_failed")


def test_predicting_writes_no_log_line():
    instance = Instance(registry_with(1))
    before = instance.written.getvalue()
    for body in (URGENT_TICKET, {}, {"title": 3}):
        instance.http.post("/predict", json=body)
    assert instance.written.getvalue() == before
