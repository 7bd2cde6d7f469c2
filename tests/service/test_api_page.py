"""Every curl line of docs/api.md gets the answer below it, and every Python snippet runs."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from unittest.mock import patch

import pytest
from google.oauth2.credentials import Credentials

from tests.support.cloud.receiver import receiver
from tests.support.models import registry_with
from tests.support.service.served import served
from tests.support.service.service import Instance
from tests.support.service.service_process import CHECKOUT

PAGE = (CHECKOUT / "docs/api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```sh\n(curl .*?)^```\n\n```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE)
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LONG = re.compile(r"\d+\.\d{4,}")
BODIES = {"--json": "application/json", "--data-binary": None}


def sent(curl: str) -> dict[str, Any]:
    """A curl line as what Flask's client takes."""
    _curl, address, *options = shlex.split(curl)
    request: dict[str, Any] = {"path": address.removeprefix("$SERVICE"), "method": "GET"}
    headers: dict[str, str] = {}
    for option, value in zip(options[::2], options[1::2], strict=True):
        if option == "-H":
            name, _, said = value.partition(": ")
            headers[name] = said
        else:
            request |= {"method": "POST", "data": value}
            headers |= {"Content-Type": BODIES[option]} if BODIES[option] else {}
    return request | {"headers": headers}


def rounded(text: str) -> str:
    return LONG.sub(lambda number: f"{float(number[0]):.3f}", text).replace("\r\n", "\n")


def read(text: str, form: str) -> Any:
    """JSON as values, with the words of lines as they are."""
    return json.loads(text) if form == "json" else text.splitlines()


def test_every_door_has_an_example():
    paths = {sent(curl)["path"].partition("?")[0] for curl, _form, _answer in EXAMPLES}
    assert paths == {
        "/v1/predict",
        "/v1/feedback",
        "/invocations",
        "/v1/models/ticket-urgency:predict",
        "/v1/models/ticket-urgency",
        "/v2/models/ticket-urgency/infer",
        "/v2/models/ticket-urgency/versions/1/ready",
    }
    assert len(EXAMPLES) == PAGE.count("```sh\ncurl")


@pytest.mark.parametrize(("curl", "form", "shown"), EXAMPLES)
def test_the_answer_is_that_of_the_page(curl: str, form: str, shown: str):
    account = (Credentials("a-token"), "local-helpdesk")
    with receiver() as pubsub, patch("google.auth.default", return_value=account):
        topic = {"URGENCY_FEEDBACK_TOPIC": "ticket-feedback", "URGENCY_PUBSUB_ENDPOINT": pubsub.url}
        answer = Instance(registry_with(1), topic).http.open(**sent(curl))
    assert answer.status_code == 200, answer.text
    assert read(rounded(answer.text), form) == read(shown, form)


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if "127.0.0.1" in one])
def test_a_clients_snippet_prints_a_prediction(
    snippet: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in re.findall(r"^(?:from|import) (\S+)", snippet, re.MULTILINE):
        pytest.importorskip(name, exc_type=Exception)
    with served(Instance(registry_with(1))) as address:
        port = address.rpartition(":")[2]
        exec(snippet.replace("8080", port), {})
    assert re.match(r"urgent|0\.\d+", capsys.readouterr().out)


def test_no_answer_may_be_read_by_another_site() -> None:
    http = Instance(registry_with(1)).http
    for method, path in (("GET", "/v1/model"), ("OPTIONS", "/v1/predict"), ("POST", "/v1/predict")):
        answer = http.open(path, method=method, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers
