"""Every curl line of docs/api.md gets the answer that stands below it."""

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
from tests.support.service.service import Instance
from tests.support.service.service_process import CHECKOUT

PAGE = (CHECKOUT / "docs/api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```sh\n(curl .*?)^```\n\n```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE)
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
