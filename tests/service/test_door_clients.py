"""Clients that other projects publish, against the service; each is skipped if not installed."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.predict import MODEL_NAME
from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from tests.support.service.served import served
from tests.support.service.service import Instance

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs

TITLES = [URGENT_TICKET["title"], CALM_TICKET["title"]]
DESCRIPTIONS = [URGENT_TICKET["description"], CALM_TICKET["description"]]


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


@pytest.fixture(scope="module")
def address(instance: Instance) -> Iterator[str]:
    with served(instance) as running:
        yield running


@pytest.fixture(scope="module")
def expected(instance: Instance) -> list[float]:
    """The probabilities of the two tickets by /v1/predict."""
    tickets = [
        {"title": title, "description": description}
        for title, description in zip(TITLES, DESCRIPTIONS, strict=True)
    ]
    answer = instance.http.post("/v1/predict", json={"instances": tickets}).json
    return [one["probability"] for one in answer["predictions"]]


def test_mlflows_scoring_client_sends_a_data_frame(address: str, expected: list[float]):
    client_of = pytest.importorskip("mlflow.pyfunc.scoring_server.client")
    host, port = address.split(":")
    client = client_of.ScoringServerClient(host, port)
    client.ping()
    frame = pd.DataFrame(
        {"title": TITLES, "description": DESCRIPTIONS, "source": [float("nan"), None]}
    )
    predictions = client.invoke(frame, params={"explain": 2}).get_predictions()
    assert list(predictions["probability"]) == expected
    assert list(predictions["label"]) == ["urgent", "non-urgent"]
    assert {*predictions["explanation"][0]} == {"base", "reasons", "rest"}
    records = client.invoke([URGENT_TICKET, CALM_TICKET])
    assert [one["urgent"] for one in records["predictions"]] == [True, False]
    with pytest.raises(Exception, match="/dataframe_split/data/0/0: must be a text"):
        client.invoke(pd.DataFrame({"title": [3]}))


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tritons_client_infers(address: str, expected: list[float], binary: bool):
    triton = pytest.importorskip("tritonclient.http", exc_type=Exception)
    with triton.InferenceServerClient(address) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready(MODEL_NAME)
        assert client.is_model_ready(MODEL_NAME, "2")
        assert not client.is_model_ready(MODEL_NAME, "1")
        assert client.get_server_metadata()["name"] == MODEL_NAME
        assert client.get_model_metadata(MODEL_NAME)["versions"] == ["2"]
        inputs = _triton_inputs(triton, binary)
        result = client.infer(MODEL_NAME, inputs, model_version="2", request_id="r-1")
        assert result.get_response()["id"] == "r-1"
        assert result.as_numpy("probability").tolist() == expected
        assert result.as_numpy("urgent").tolist() == [True, False]
        texts = result.as_numpy("label").tolist()  # bytes where the answer is binary
        assert [*map(_text, texts)] == ["urgent", "non-urgent"]
        assert "binary_data_size" in result.get_output("label")["parameters"]
        mixed = [
            triton.InferRequestedOutput("probability", binary_data=True),
            triton.InferRequestedOutput("label", binary_data=False),
        ]
        result = client.infer(MODEL_NAME, inputs, outputs=mixed)
        assert result.as_numpy("probability").tolist() == expected
        assert result.get_output("label")["data"] == ["urgent", "non-urgent"]
        with pytest.raises(triton.InferenceServerException, match=r"no output 'colour'"):
            client.infer(MODEL_NAME, inputs, outputs=[triton.InferRequestedOutput("colour")])


def _text(element: bytes | str) -> str:
    return element.decode() if isinstance(element, bytes) else element


def _triton_inputs(triton: Any, binary: bool) -> list[Any]:
    inputs = []
    for name, texts in (("title", TITLES), ("description", DESCRIPTIONS)):
        one = triton.InferInput(name, [len(texts), 1], "BYTES")
        one.set_data_from_numpy(np.array(texts, object).reshape(-1, 1), binary_data=binary)
        inputs.append(one)
    return inputs


def test_the_open_inference_client_infers(address: str, expected: list[float]):
    open_inference = pytest.importorskip("open_inference.openapi.client")
    client = open_inference.OpenInferenceClient(base_url=f"http://{address}")
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_version_readiness(MODEL_NAME, "2")
    assert client.read_server_metadata().name == MODEL_NAME
    assert {one.name for one in client.read_model_metadata(MODEL_NAME).inputs} == {
        *("title", "description", "source", "customer_tier")
    }
    columns = (("title", TITLES), ("description", DESCRIPTIONS))
    inputs = [
        {"name": name, "shape": [2], "datatype": "BYTES", "data": texts} for name, texts in columns
    ]
    request = open_inference.InferenceRequest(id="r-1", inputs=inputs)
    answer = client.model_infer(MODEL_NAME, request=request).dict()
    outputs = {one["name"]: one["data"] for one in answer["outputs"]}
    assert [one["__root__"] if isinstance(one, dict) else one for one in outputs["urgent"]] == [
        1,
        0,
    ]
    inputs[0]["datatype"] = "INT32"
    wrong = open_inference.InferenceRequest(inputs=inputs)
    with pytest.raises(open_inference.BadRequestError) as raised:
        client.model_infer(MODEL_NAME, request=wrong)
    assert "its datatype is INT32" in raised.value.body["error"]


class RunningContainer:
    """What Docker says of a container: here the service listens on the port already."""

    def __init__(self, port: str) -> None:
        self.status = "running"
        self.ports = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}

    def reload(self) -> None:
        """Nothing changes."""

    def stop(self) -> None:
        """The test stops the service."""

    def logs(self, **_options: Any) -> bytes:
        return b""


def test_vertex_ais_local_endpoint_predicts(expected: list[float], monkeypatch: pytest.MonkeyPatch):
    """Google's client of a custom container, with the routes that Vertex AI names."""
    endpoints = pytest.importorskip("google.cloud.aiplatform.prediction.local_endpoint")
    endpoints.initializer.global_config.init(project="local-helpdesk")
    routes = {"AIP_PREDICT_ROUTE": "/vertex/predict", "AIP_HEALTH_ROUTE": "/vertex/health"}
    with served(Instance(registry_with(1, 2), routes)) as address:
        container = RunningContainer(address.rpartition(":")[2])
        monkeypatch.setattr(
            endpoints.run, "run_prediction_container", lambda *_image, **_how: container
        )
        with endpoints.LocalEndpoint(
            serving_container_image_uri="the service's image",
            serving_container_predict_route=routes["AIP_PREDICT_ROUTE"],
            serving_container_health_route=routes["AIP_HEALTH_ROUTE"],
        ) as endpoint:
            assert endpoint.run_health_check().status_code == 200
            tickets = [
                {"title": title, "description": description}
                for title, description in zip(TITLES, DESCRIPTIONS, strict=True)
            ]
            body = json.dumps({"instances": tickets, "parameters": {"explain": 1}})
            headers = {"Content-Type": "application/json"}
            answer = endpoint.predict(request=body, headers=headers).json()
    assert [one["probability"] for one in answer["predictions"]] == expected


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_kserves_client_infers(address: str, expected: list[float], protocol: str):
    kserve = pytest.importorskip("kserve")
    asyncio.run(_kserve(kserve, f"http://{address}", expected, protocol))


async def _kserve(kserve: Any, url: str, expected: list[float], protocol: str) -> None:
    async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol=protocol)) as client:
        assert await client.is_model_ready(url, MODEL_NAME)
        if protocol == "v1":
            tickets = [
                {"title": title, "description": description}
                for title, description in zip(TITLES, DESCRIPTIONS, strict=True)
            ]
            answer = await client.infer(url, {"instances": tickets}, model_name=MODEL_NAME)
            assert [one["probability"] for one in answer["predictions"]] == expected
            return
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        inputs = []
        for name, texts in (("title", TITLES), ("description", DESCRIPTIONS)):
            one = kserve.InferInput(name, [2], "BYTES")
            one.set_data_from_numpy(np.array(texts, object), binary_data=True)
            inputs.append(one)
        request = kserve.InferRequest(MODEL_NAME, inputs)
        answer = await client.infer(url, request, model_name=MODEL_NAME)
        outputs = {one.name: one.data for one in answer.outputs}
        assert outputs["probability"] == expected


def test_sagemakers_client_invokes_the_endpoint(address: str, expected: list[float]):
    """AWS's own client; its front end, which this replaces, sends a container /invocations."""
    boto3 = pytest.importorskip("boto3")
    options = {"endpoint_url": f"http://{address}", "region_name": "eu-west-1"}
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    client = boto3.client("sagemaker-runtime", **options, **keys)

    def by_the_front_end(request: Any, **_: Any) -> None:
        request.url = request.url.replace(f"/endpoints/{MODEL_NAME}/", "/")

    client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", by_the_front_end)
    columns = {
        "columns": ["title", "description"],
        "data": [*zip(TITLES, DESCRIPTIONS, strict=True)],
    }
    body = json.dumps({"dataframe_split": columns}).encode()
    sent = {"EndpointName": MODEL_NAME, "ContentType": "application/json"}
    answer = json.load(client.invoke_endpoint(Body=body, **sent)["Body"])
    assert [one["probability"] for one in answer["predictions"]] == expected
    with pytest.raises(client.exceptions.ClientError, match="must be a text"):
        client.invoke_endpoint(Body=body.replace(b'"Thank you"', b"3"), **sent)
    table = {**sent, "ContentType": "text/csv", "Accept": "text/csv"}
    lines = "\n".join(["title,description", *map(",".join, zip(TITLES, DESCRIPTIONS, strict=True))])
    answer = client.invoke_endpoint(Body=lines.encode(), **table)["Body"].read().decode()
    labels = [row["label"] for row in csv.DictReader(answer.splitlines())]
    assert labels == ["urgent", "non-urgent"]
