"""The API's description: it names what there is, no more and no less, and costs a start nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from service import openapi, operations
from tests.support.models import registry_with
from tests.support.service.listening import listening
from tests.support.service.service import Instance
from tests.support.service.service_process import CHECKOUT
from tests.support.tools import tool

CHECKER = "schemathesis==4.32.5"
HOOKS = Path(__file__).parent / "schemathesis_hooks.py"
LOOSER = HOOKS.with_name("schemathesis.toml")
CHECKED = ("--phases", "examples,coverage,fuzzing", "--max-examples", "10")
EVERY_TIME_THE_SAME = ("--generation-deterministic", "--suppress-health-check", "all")
BRIEF = ("--no-color", "--warnings", "off")

FIRST_ANSWER = """
import sys
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.service import Instance
http = Instance(registry_with(1)).http
assert http.post("/predict", json=URGENT_TICKET).status_code == 200
assert not {"service.openapi", "service.operations"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2), {"AIP_PREDICT_ROUTE": "/vertex"})


def test_every_route_is_described_and_nothing_else(instance: Instance):
    paths = instance.http.get("/openapi.json").json["paths"]
    described = {(path, method.upper()) for path, ways in paths.items() for method in ways}
    rules = instance.http.application.url_map.iter_rules()
    there = {
        (rule.rule.replace("<int:", "{").replace(">", "}"), method)
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == there
    views = {rule.endpoint.rpartition(".")[2] for rule in instance.http.application.url_map._rules}
    assert views == set(openapi.VIEWS)


def test_other_paths_of_a_view_say_whose_they_are(instance: Instance):
    paths = instance.http.get("/openapi.json").json["paths"]
    others = {
        path: ways["post"].get("x-alias-of") for path, ways in paths.items() if "post" in ways
    }
    assert others["/vertex"] == others["/predict"] == "/v1/predict"
    assert others["/v1/predict"] is None


@pytest.mark.parametrize(
    ("path", "described"),
    [
        ("/v1/model", operations.ModelCard),
        ("/v1/models", operations.Models),
        ("/health/live", operations.Live),
        ("/health/ready", operations.Ready),
        ("/", operations.Index),
    ],
)
def test_answers_have_the_members_that_are_described(
    instance: Instance, path: str, described: type[msgspec.Struct]
):
    answer = instance.http.get(path)
    msgspec.json.decode(answer.data, type=described)
    assert set(answer.json) == set(described.__struct_fields__)


def test_the_examples_are_answered(instance: Instance):
    predict = instance.http.get("/openapi.json").json["paths"]["/v1/predict"]["post"]
    examples = predict["requestBody"]["content"]["application/json"]["examples"].values()
    answers = [instance.http.post("/predict", json=example["value"]) for example in examples]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_start_and_a_prediction_need_no_description():
    subprocess.run([sys.executable, "-c", FIRST_ANSWER], cwd=CHECKOUT, check=True, timeout=120)


def test_the_page_of_the_description_names_every_path_and_type(instance: Instance):
    document, page = (instance.http.get(path) for path in ("/openapi.json", "/docs"))
    for path in document.json["paths"]:
        assert f"<code>{path}</code>" in page.text
    for name in document.json["components"]["schemas"]:
        assert f'id="{name}"' in page.text


@pytest.fixture(scope="module")
def address(instance: Instance) -> Iterator[str]:
    with listening(instance) as url:
        yield url


@pytest.mark.slow
def test_the_running_service_does_what_its_description_says(address: str, tmp_path: Path):
    command = (*tool("schemathesis", CHECKER), "--config-file", str(LOOSER), "run")
    ran = subprocess.run(
        [*command, f"{address}/openapi.json", *CHECKED, *EVERY_TIME_THE_SAME, *BRIEF],
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": HOOKS.stem, "PYTHONPATH": str(HOOKS.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    assert "No issues found" in ran.stdout


def test_every_operation_names_what_is_answered_before_it_is_asked(instance: Instance):
    document = instance.http.get("/openapi.json").json
    for ways in document["paths"].values():
        for operation in ways.values():
            assert {"408", "429", "431", "503"} <= set(operation["responses"])
    responses = document["components"]["responses"]
    for status in ("408", "431", "503"):
        assert set(responses[status]["content"]) == {"application/problem+json"}
    assert "Retry-After" in responses["503"]["headers"]
    assert "X-Request-Id" not in responses["408"].get("headers", {})
