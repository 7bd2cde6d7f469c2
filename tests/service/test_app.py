from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from service.app import create_app
from service.local_copy import LocalCopy
from service.routes import BODY_MAX_BYTES
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import ENVIRON, Instance
from urgency.errors import Unavailable


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2), {"AIP_PREDICT_ROUTE": "/vertex/predict"})


def assert_problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = json.loads(answer.text)
    assert body["status"] == status
    assert body["error"] == body["detail"]
    assert body["title"]
    assert "Traceback" not in answer.text
    return body


# Routes


@pytest.mark.parametrize("path", ["/v1/predict", "/predict", "/vertex/predict"])
def test_every_predict_path_answers(instance: Instance, path: str):
    assert (
        instance.http.post(path, json={"instances": [URGENT_TICKET]}).json["model"]["version"] == 2
    )


def test_a_body_without_a_content_type_is_taken_as_json(instance: Instance):
    assert (
        instance.http.post("/predict", data=b'{"title":"Production down"}').json["label"]
        == "urgent"
    )


def test_the_model_card_says_what_serves(instance: Instance):
    card = instance.http.get("/v1/model").json
    assert (card["name"], card["version"], card["epoch"], card["rows"]["train"]) == (
        "ticket-urgency",
        2,
        2,
        600,
    )
    assert not {"weights", "parts", "bias"} & set(card)


def test_the_history_lists_the_newest_versions_first_and_says_which_serves():
    registry = registry_with(1, 2, 3)
    put_model(registry, 4)
    models = Instance(registry).http.get("/v1/models?limit=3").json["models"]
    assert [(model["version"], model["serving"]) for model in models] == [
        (4, False),
        (3, True),
        (2, False),
    ]
    assert models[0]["verdict"]["decision"] == "PROMOTE"


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "", "²", "1" * 5000])
def test_a_senseless_limit_of_the_history_is_refused(instance: Instance, limit: str):
    assert_problem(instance.http.get("/v1/models", query_string={"limit": limit}), 422)


def test_health_is_live_and_ready(instance: Instance):
    assert instance.http.get("/health/live").json == {"status": "live"}
    for path in ("/health", "/health/ready"):
        assert instance.http.get(path).json == {"status": "ready", "epoch": 2, "version": 2}


def test_the_index_names_every_route(instance: Instance):
    paths = {path for route in instance.http.get("/").json["routes"] for path in route["paths"]}
    assert {"/v1/predict", "/v1/model:reload", "/v1/models", "/metrics", "/health/live"} <= paths


def test_metrics_count_what_happened():
    instance = Instance(registry_with(5))
    instance.http.post("/predict", json={"instances": [URGENT_TICKET] * 3})
    instance.http.post("/predict", json={})
    text = instance.http.get("/metrics").text
    for line in (
        'urgency_requests_total{route="predict",code="200"} 1',
        'urgency_requests_total{route="predict",code="422"} 1',
        'urgency_predictions_total{label="urgent"} 3',
        'urgency_pointer_checks_total{result="answered"} 1',
        "urgency_model_version 5",
        "urgency_predict_seconds_count 2",
    ):
        assert line in text.splitlines()


# Headers


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


# Problems


def test_a_large_body_is_413(instance: Instance):
    body = b'{"title": "' + b"x" * 5_000_000 + b'"}'
    assert_problem(instance.http.post("/predict", data=body), 413)
    assert_problem(instance.http.post("/predict", data=b" " * (BODY_MAX_BYTES + 1)), 413)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/csv"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_what_is_not_plain_json_is_415(instance: Instance, headers: dict[str, str]):
    body = gzip.compress(b"{}") if "Content-Encoding" in headers else b'{"title": "x"}'
    assert_problem(instance.http.post("/predict", data=body, headers=headers), 415)


def test_unknown_paths_and_methods_are_problems_too(instance: Instance):
    assert_problem(instance.http.get("/nowhere"), 404)
    assert_problem(instance.http.get("/v1//predict"), 404)
    answer = instance.http.get("/predict")
    assert_problem(answer, 405)
    assert "POST" in answer.headers["Allow"]


def test_an_invalid_batch_lists_its_flaws(instance: Instance):
    body = assert_problem(
        instance.http.post("/predict", json={"instances": [{}, URGENT_TICKET, {"title": 1}]}), 422
    )
    assert [flaw["pointer"] for flaw in body["errors"]] == ["#/instances/0", "#/instances/2/title"]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"title": NaN}', b'{"title":"\\ud800"}', b"", b"\xff\xfe{\x00"]
)
def test_malformed_bodies_are_4xx(instance: Instance, body: bytes):
    answer = instance.http.post("/predict", data=body, content_type="application/json")
    assert_problem(answer, answer.status_code)
    assert 400 <= answer.status_code < 500


def test_before_the_first_release_the_service_says_that_there_is_no_model_yet():
    registry = registry_with()
    put_model(registry, 1)  # trained and judged, but never promoted
    instance = Instance(registry)
    answer = instance.http.post("/predict", json=URGENT_TICKET)
    assert "no model yet" in assert_problem(answer, 503)["detail"]
    assert answer.headers["Retry-After"]
    assert_problem(instance.http.get("/health/ready"), 503)
    assert_problem(instance.http.get("/v1/model"), 503)
    assert instance.http.get("/health/live").status_code == 200


def test_the_history_without_storage_is_a_503_that_says_when_to_come_back():
    instance = Instance(registry_with(1))

    def down(_when: str) -> None:
        raise Unavailable("Cloud Storage could not list models/: ConnectTimeout. Try again later.")

    instance.registry.objects.fault = down  # type: ignore[attr-defined]
    answer = instance.http.get("/v1/models")
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_what_nobody_foresaw_is_a_500_without_a_traceback_and_a_log_line_without_the_ticket():
    registry = registry_with(1)
    instance = Instance(registry)

    def fail(_when: str) -> None:
        raise RuntimeError("secret ticket text")

    registry.objects.fault = fail  # type: ignore[attr-defined]
    body = assert_problem(instance.http.get("/v1/models"), 500)
    assert "secret" not in json.dumps(body)
    (fact,) = instance.facts("request_failed")
    assert fact["type"] == "RuntimeError"
    assert fact["frames"]
    assert "secret" not in instance.written.getvalue()


def test_predicting_writes_no_log_line():
    instance = Instance(registry_with(1))
    before = instance.written.getvalue()
    for body in (URGENT_TICKET, {}, {"title": 3}):
        instance.http.post("/predict", json=body)
    assert instance.written.getvalue() == before


# Start


@pytest.mark.parametrize("missing", sorted(ENVIRON))
def test_a_missing_setting_ends_the_start_with_a_sentence_that_names_it(
    missing: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        create_app({name: value for name, value in ENVIRON.items() if name != missing})
    assert ended.value.code == 2
    assert missing in capsys.readouterr().err


def test_without_credentials_the_service_starts_from_its_baked_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    registry = registry_with()
    LocalCopy(tmp_path).keep(release(registry, put_model(registry, 1)), registry)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    app = create_app(ENVIRON | {"URGENCY_BAKED_BUNDLE": str(tmp_path)})
    assert app.test_client().post("/predict", json=URGENT_TICKET).json["label"] == "urgent"
