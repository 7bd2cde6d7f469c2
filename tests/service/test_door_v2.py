"""The Open Inference Protocol: columns in and out, and what it asks of a server and a model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.doors.door import Sent
from service.doors.v2 import read_inference
from tests.service.problem_answer import problem_of
from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from tests.support.service.service import Instance

INFER = "/v2/models/ticket-urgency/infer"
TITLE = {"name": "title", "shape": [2], "datatype": "BYTES", "data": ["Production down", "Thanks"]}


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


def tensor(name: str, data: list[Any], **members: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": "BYTES", "data": data} | members


def columns(*tickets: dict[str, str]) -> list[dict[str, Any]]:
    names = ("title", "description", "source", "customer_tier")
    return [tensor(name, [ticket.get(name, "") for ticket in tickets]) for name in names]


def outputs(answer: Any) -> dict[str, Any]:
    return {one["name"]: one["data"] for one in answer.json["outputs"]}


def test_columns_get_columns_with_the_numbers_of_plain_predictions(instance: Instance):
    tickets = [URGENT_TICKET, CALM_TICKET]
    plain = instance.http.post("/v1/predict", json={"instances": tickets}).json["predictions"]
    answer = instance.http.post(INFER, json={"id": "r-1", "inputs": columns(*tickets)})
    found = outputs(answer)
    for name in ("label", "urgent", "probability"):
        assert found[name] == [one[name] for one in plain]
    assert [(one["datatype"], one["shape"]) for one in answer.json["outputs"]] == [
        ("BYTES", [2]),
        ("BOOL", [2]),
        ("FP64", [2]),
        ("BYTES", [2]),
    ]
    names = ("id", "model_name", "model_version")
    assert [answer.json[name] for name in names] == ["r-1", "ticket-urgency", "2"]
    assert answer.json["parameters"] == {"epoch": 2, "threshold": 0.5}
    assert answer.headers["X-Model-Version"] == "2"


def test_one_column_is_enough_and_a_helpdesks_name_is_known(instance: Instance):
    body = {"inputs": [tensor("subject", ["Production down"]), tensor("via", [None])]}
    found = outputs(instance.http.post(INFER, json=body))
    assert found["label"] == ["urgent"]
    unknown = {"inputs": [TITLE, tensor("colour", ["red", "blue"])]}
    assert "colour" in outputs(instance.http.post(INFER, json=unknown))["warnings"][0]


@pytest.mark.parametrize(
    "shaped",
    [
        {"shape": [2, 1]},
        {"shape": [2, 1], "data": [["Production down"], ["Thanks"]]},
    ],
)
def test_a_column_may_be_of_shape_n_by_1_flat_or_nested(instance: Instance, shaped: Any):
    answer = instance.http.post(INFER, json={"inputs": [TITLE | shaped]})
    assert outputs(answer)["label"] == ["urgent", "non-urgent"]


def test_outputs_come_as_bytes_for_those_who_ask(instance: Instance):
    """The layout of the extension's own page, by hand."""
    chosen = [
        {"name": "label", "parameters": {"binary_data": True}},
        {"name": "urgent"},
        {"name": "probability", "parameters": {"binary_data": False}},
    ]
    body = {"inputs": [TITLE], "outputs": chosen, "parameters": {"binary_data_output": True}}
    answer = instance.http.post(INFER, json=body)
    assert answer.content_type == "application/octet-stream"
    size = int(answer.headers["Inference-Header-Content-Length"])
    label, urgent, probability = json.loads(answer.data[:size])["outputs"]
    assert (label["parameters"], urgent["parameters"]) == (
        {"binary_data_size": 24},
        {"binary_data_size": 2},
    )
    assert "data" not in label
    assert len(probability["data"]) == 2
    assert answer.data[size:] == b"\x06\0\0\0urgent\x0a\0\0\0non-urgent\x01\x00"


def test_outputs_may_be_chosen_and_reasons_asked_for(instance: Instance):
    body = {"inputs": [TITLE], "outputs": [{"name": "probability"}]}
    assert [*outputs(instance.http.post(INFER, json=body))] == ["probability"]
    body = {"inputs": [TITLE], "parameters": {"explain": 2}}
    assert '"base"' in outputs(instance.http.post(INFER, json=body))["explanation"][0]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([], "inputs"),
        ([TITLE | {"datatype": "FP32"}], "'title': its datatype is FP32"),
        ([TITLE | {"data": ["a", 3]}], "an element that is no string"),
        ([TITLE | {"shape": [3]}], "it has 2 elements"),
        ([TITLE | {"shape": [1, 2]}], "send [n] or [n, 1]"),
        ([TITLE | {"shape": []}], "send [n] or [n, 1]"),
        ([TITLE | {"shape": [-2, -1]}], "send [n] or [n, 1]"),
        ([{"name": "title", "shape": [1], "datatype": "BYTES"}], "it has no data"),
        ([TITLE, tensor("source", ["x"])], "as many elements"),
        ([TITLE | {"shape": "2"}], "#/inputs/0/shape: must be a list, and is a text."),
        ([TITLE | {"parameters": {"binary_data_size": 9}}], "it has 0 elements"),
    ],
)
def test_wrong_datatypes_and_shapes_are_400_with_an_error(
    instance: Instance, inputs: list[Any], said: str
):
    problem = problem_of(instance.http.post(INFER, json={"inputs": inputs}), 400)
    assert said in problem["error"]


def test_a_bad_ticket_is_named_by_column_and_row(instance: Instance):
    inputs = [tensor("source", ["x", "y" * 201]), tensor("title", ["a", "b"])]
    problem = problem_of(instance.http.post(INFER, json={"inputs": inputs}), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["#/inputs/0/data/1"]


def test_ids_may_be_numbers(instance: Instance):
    ids = tensor("id", [1, 2], datatype="INT64")
    assert instance.http.post(INFER, json={"inputs": [TITLE, ids]}).status_code == 200


def binary(*columns: list[bytes], cut: int = 0, size: str = "") -> tuple[bytes, str]:
    """A body of a title, and a description; without its last bytes. Its size of JSON."""
    inputs, data = [], b""
    for name, texts in zip(("title", "description"), columns, strict=False):
        column = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        parameters = {"binary_data_size": len(column)}
        one = {"name": name, "shape": [len(texts)], "datatype": "BYTES", "parameters": parameters}
        inputs.append(one)
        data += column
    head = json.dumps({"inputs": inputs}).encode()
    return head + data[: len(data) - cut], size or str(len(head))


def test_tensors_may_come_in_binary_after_the_json():
    body, size = binary(["Störung".encode(), b"b"], [b"", b"c"])
    first, second = read_inference(Sent(body, json_size=size)).tickets
    assert (first.ticket.title, first.ticket.description) == ("Störung", "")
    assert (second.ticket.title, second.ticket.description) == ("b", "c")


@pytest.mark.parametrize(
    ("body", "size"),
    [
        binary([b"down"], cut=1),
        binary([b"\xff"]),
        binary([b"down"], size="-1"),
        binary([b"down"], size="9" * 50),
        binary([b"down"], size="3"),
        binary([b"down"], cut=6),
    ],
)
def test_broken_binary_tensors_are_400(instance: Instance, body: bytes, size: str):
    headers = {"Inference-Header-Content-Length": size}
    problem_of(instance.http.post(INFER, data=body, headers=headers), 400)


def test_only_the_version_that_serves_answers(instance: Instance):
    versions = "/v2/models/ticket-urgency/versions"
    assert instance.http.post(f"{versions}/2/infer", json={"inputs": [TITLE]}).status_code == 200
    assert instance.http.get(f"{versions}/2").json["versions"] == ["2"]
    assert instance.http.get(f"{versions}/2/ready").json["ready"] is True
    for version in ("1", "3", "9" * 5_000):
        problem_of(instance.http.post(f"{versions}/{version}/infer", json={"inputs": [TITLE]}), 404)
        problem_of(instance.http.get(f"{versions}/{version}/ready"), 404)
    problem_of(instance.http.post("/v2/models/another/infer", json={"inputs": [TITLE]}), 404)


def test_the_server_and_its_model_describe_themselves(instance: Instance):
    assert instance.http.get("/v2").json["name"] == "ticket-urgency"
    assert instance.http.get("/v2/health/live").json == {"live": True}
    assert instance.http.get("/v2/health/ready").json == {"ready": True}
    model = instance.http.get("/v2/models/ticket-urgency").json
    assert [one["name"] for one in model["inputs"]][:2] == ["title", "description"]
    answer = instance.http.post(INFER, json={"inputs": [TITLE], "parameters": {"explain": 1}})
    described = [(one["name"], one["datatype"]) for one in model["outputs"]]
    assert described == [(one["name"], one["datatype"]) for one in answer.json["outputs"]]


def test_without_a_model_the_server_lives_and_is_not_ready():
    http = Instance(registry_with()).http
    assert http.get("/v2/health/live").status_code == 200
    for path in ("/v2/health/ready", "/v2/models/ticket-urgency/ready"):
        problem_of(http.get(path), 503)
    problem_of(http.post(INFER, json={"inputs": [TITLE]}), 503)
