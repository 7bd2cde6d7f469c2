"""MLflow's scoring protocol, and the bodies that KServe v1, Vertex AI and SageMaker send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.__main__ import port
from service.doors.door import Sent
from service.doors.mlflow import FORMS, read_scoring
from service.predict import INSTANCES_MAX
from service.problems import Problem
from tests.service.problem_answer import problem_of
from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from tests.support.service.service import Instance

TICKETS = [URGENT_TICKET, CALM_TICKET]
COLUMNS = ["title", "description", "source", "customer_tier"]
TABLE = [[ticket.get(name) for name in COLUMNS] for ticket in TICKETS]
BY_COLUMN = dict(zip(COLUMNS, map(list, zip(*TABLE, strict=True)), strict=True))

BODIES: dict[str, dict[str, Any]] = {
    # mlflow.org/docs/latest/ml/deployment/deploy-model-locally: "JSON Input"
    "dataframe_split": {"columns": COLUMNS, "data": TABLE, "index": [0, 1]},
    "dataframe_records": TICKETS,
    # tensorflow.org/tfx/serving/api_rest: "row" and "column" format
    "instances": TICKETS,
    "inputs": BY_COLUMN,
}


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


@pytest.fixture(scope="module")
def predictions(instance: Instance) -> list[dict[str, Any]]:
    answer = instance.http.post("/v1/predict", json={"instances": TICKETS}).json
    found: list[dict[str, Any]] = answer["predictions"]
    return found


def read(body: object) -> Any:
    return read_scoring(Sent(json.dumps(body).encode()))


def flaws(body: object) -> dict[str, str]:
    with pytest.raises(Problem) as raised:
        read(body)
    assert raised.value.status == 422
    return {error.pointer: error.detail for error in raised.value.errors}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_body_gets_the_predictions_of_the_plain_one(
    instance: Instance, predictions: list[dict[str, Any]], form: str
):
    answer = instance.http.post("/invocations", json={form: BODIES[form]})
    assert answer.json["predictions"] == predictions
    assert answer.headers["X-Model-Version"] == "2"
    assert answer.content_type == "application/json"


def test_inputs_may_be_a_list_or_one_ticket(instance: Instance, predictions: list[dict[str, Any]]):
    for inputs, expected in ((TICKETS, predictions), (URGENT_TICKET, predictions[:1])):
        answer = instance.http.post("/invocations", json={"inputs": inputs})
        assert answer.json["predictions"] == expected


@pytest.mark.parametrize("member", ["params", "parameters"])
def test_parameters_go_by_both_names(instance: Instance, member: str):
    body = {"instances": TICKETS, member: {"explain": 1}}
    answer = instance.http.post("/invocations", json=body)
    assert all("explanation" in one for one in answer.json["predictions"])


def test_a_cell_without_a_value_may_be_nan_as_in_a_data_frame():
    body = b'{"dataframe_split": {"columns": ["title", "source"], "data": [["NaN is shown", NaN]]}}'
    (sent,) = read_scoring(Sent(body)).tickets
    assert (sent.ticket.title, sent.ticket.source) == ("NaN is shown", "")


@pytest.mark.parametrize(
    "body", [b'{"inputs": NaN', b'{"inputs": "NaN\xff"}', b"[" * 100_000 + b"NaN", b"NaN"]
)
def test_a_body_with_nan_that_is_no_json_is_a_problem(body: bytes):
    with pytest.raises(Problem) as raised:
        read_scoring(Sent(body))
    assert raised.value.status in (400, 422)


@pytest.mark.parametrize("body", [{}, {"title": "down"}, {"instances": [], "inputs": []}])
def test_a_body_without_just_one_form_is_400(body: object):
    with pytest.raises(Problem, match="exactly one of dataframe_split") as raised:
        read(body)
    assert raised.value.status == 400


def test_flaws_are_named_where_they_were_sent():
    split = {"columns": ["subject", "tier"], "data": [["a", "b"], [3, "b"], ["", ""]]}
    assert [*flaws({"dataframe_split": split})] == [
        "#/dataframe_split/data/1/0",
        "#/dataframe_split/data/2/0",
    ]
    assert [*flaws({"dataframe_records": [{"title": "a"}, {"title": 3}]})] == [
        "#/dataframe_records/1/title"
    ]
    assert [*flaws({"inputs": {"title": ["a", "b"], "source": ["x", 3]}})] == ["#/inputs/source/1"]
    assert [*flaws({"inputs": {"title": 3}})] == ["#/inputs/title"]


def test_columns_have_to_fit():
    split = {"columns": ["title"], "data": [["a"], ["a", "b"]]}
    assert "not 1 cells" in flaws({"dataframe_split": split})["#/dataframe_split/data/1"]
    assert "equal length" in flaws({"inputs": {"title": ["a"], "source": ["x", "y"]}})["#/inputs"]
    assert (
        "this one is not" in flaws({"inputs": {"title": ["a"], "source": "x"}})["#/inputs/source"]
    )
    assert [*flaws({"dataframe_split": {"columns": [1], "data": []}})] == [
        "#/dataframe_split/columns/0"
    ]


@pytest.mark.parametrize("form", FORMS)
def test_at_most_so_many_tickets_are_answered(form: str):
    many = INSTANCES_MAX + 1
    bodies = {
        "dataframe_split": {"columns": ["title"], "data": [["a"]] * many},
        "inputs": {"title": ["a"] * many},
    }
    (detail,) = flaws({form: bodies.get(form, [{"title": "a"}] * many)}).values()
    assert "at most 1,000" in detail


def test_no_tickets_get_no_predictions(instance: Instance):
    for body in ({"instances": []}, {"dataframe_split": {"columns": [], "data": []}}):
        assert instance.http.post("/invocations", json=body).json["predictions"] == []


# KServe's first protocol: kserve.github.io, "V1 Protocol"


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_kserve_predicts_below_the_models_name(
    instance: Instance, predictions: list[dict[str, Any]], form: str
):
    answer = instance.http.post("/v1/models/ticket-urgency:predict", json={form: TICKETS})
    assert answer.json["predictions"] == predictions
    problem_of(instance.http.post("/v1/models/another:predict", json={form: TICKETS}), 404)


def test_kserve_asks_whether_the_model_is_ready(instance: Instance):
    ready = {"name": "ticket-urgency", "ready": True}
    assert instance.http.get("/v1/models/ticket-urgency").json == ready
    problem_of(Instance(registry_with()).http.get("/v1/models/ticket-urgency"), 503)


# SageMaker: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html


def test_ping_says_whether_there_is_a_model(instance: Instance):
    assert instance.http.get("/ping").status_code == 200
    problem_of(Instance(registry_with()).http.get("/ping"), 503)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/csv", b"subject,body\nProduction down,Everybody is blocked\n"),
        ("application/jsonlines", b'{"title": "Production down"}\n'),
    ],
)
def test_batches_are_answered_as_json_unless_another_form_is_accepted(
    instance: Instance, media_type: str, body: bytes
):
    def ask(**headers: str) -> Any:
        return instance.http.post("/invocations", data=body, content_type=media_type, **headers)

    assert [one["label"] for one in ask().json["predictions"]] == ["urgent"]
    same = ask(headers={"Accept": media_type})
    assert same.mimetype == media_type
    assert b"urgent" in same.data


# Vertex AI: cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements


def test_vertex_ai_names_the_routes(predictions: list[dict[str, Any]]):
    route = "/v1/endpoints/7/deployedModels/3"
    environ = {"AIP_PREDICT_ROUTE": f"{route}:predict", "AIP_HEALTH_ROUTE": route}
    http = Instance(registry_with(1, 2), environ).http
    assert http.get(route).status_code == 200
    body = {"instances": TICKETS, "parameters": {"explain": 0}}
    assert http.post(f"{route}:predict", json=body).json["predictions"] == predictions


def test_vertex_ai_may_name_routes_that_there_are_already():
    environ = {"AIP_PREDICT_ROUTE": "/predict", "AIP_HEALTH_ROUTE": "/health"}
    http = Instance(registry_with(1), environ).http
    assert http.get("/health").status_code == 200
    assert http.post("/predict", json=URGENT_TICKET).json["label"] == "urgent"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({"AIP_HTTP_PORT": "7080"}, 7080), ({"PORT": "80", "AIP_HTTP_PORT": "7080"}, 80), ({}, 8080)],
)
def test_the_port_is_cloud_runs_or_vertex_ais(environ: dict[str, str], expected: int):
    assert port(environ) == expected
