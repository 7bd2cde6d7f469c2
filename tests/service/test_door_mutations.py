"""Whatever stands in a body, every door answers it and never with 5xx: a million bodies in all with
URGENCY_PROVE=1.
"""

from __future__ import annotations

import json
import os
import random
import re

import pytest

from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from tests.support.service.service import Instance

TICKETS = [URGENT_TICKET, CALM_TICKET]
TABLE = 'Ticket;Betreff;Body\n1;"Production; ""down""";blocked\n2;Thank you;N/A\n'
TENSOR = {"name": "title", "shape": [2], "datatype": "BYTES", "data": ["Production down", "Hello"]}
BINARY = {"name": "title", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 8}}
DOORS = {
    "ticket": ("/v1/predict", "application/json", json.dumps(URGENT_TICKET).encode()),
    "instances": (
        "/v1/predict",
        "application/json",
        json.dumps({"instances": TICKETS, "parameters": {"explain": 2}}).encode(),
    ),
    "helpdesk": (
        "/predict",
        "application/json",
        b'{"number": 7, "Betreff": "down", "body": "<p>all</p>", "tier": "gold", "priority": 1}',
    ),
    "kserve": (
        "/v1/models/ticket-urgency:predict",
        "application/json",
        json.dumps({"instances": TICKETS}).encode(),
    ),
    "page": ("/", "application/x-www-form-urlencoded", b"title=down&description=all&source=phone"),
    "csv": ("/v1/predict?explain=2", "text/csv", TABLE.encode()),
    "lines": ("/v1/predict", "application/jsonl", "\n".join(map(json.dumps, TICKETS)).encode()),
    "split": (
        "/invocations",
        "application/json",
        b'{"dataframe_split": {"columns": ["title", "via"], "data": [["down", NaN], ["a", "b"]]}}',
    ),
    "columns": (
        "/invocations",
        "application/json",
        b'{"inputs": {"title": ["down", "a"], "tier": ["gold", null]}, "params": {"explain": 2}}',
    ),
    "v2": (
        "/v2/models/ticket-urgency/infer",
        "application/json",
        json.dumps({"inputs": [TENSOR], "parameters": {"explain": 2}}).encode(),
    ),
    "binary": (
        "/v2/models/ticket-urgency/infer",
        "application/octet-stream",
        json.dumps({"inputs": [BINARY]}).encode() + b"\x04\x00\x00\x00down",
    ),
}
BODIES = -(-1_000_000 // len(DOORS)) if os.environ.get("URGENCY_PROVE") else 300
"""For each door."""

PIECES = [
    b"\x00",
    b"\xff",
    b'"',
    b"\\ud800",
    b"[",
    b"]",
    b"{",
    b"}",
    b"NaN",
    b"1e999",
    b"-1",
    b",",
    b"\r",
]
PIECES += [
    b";",
    b"null",
    b"\xef\xbb\xbf",
    b"9" * 30,
    b"true",
    "Å\u0301\u200b".encode(),
    b"\n",
    b'""',
]


VALUE = re.compile(rb'"[^"]*"|\d+|null|\[[^\[\]]*\]')
VALUES = [b"3", b"-1", b"null", b'"x"', b'""', b"[]", b"[1]", b"[[1]]", b"{}", b"true", b'"title"']


def mutated(rng: random.Random, body: bytes) -> bytes:
    """A body with another value somewhere, or with a few bytes changed anywhere."""
    values = [match.span() for match in VALUE.finditer(body)]
    if values and rng.random() < 0.5:
        begin, end = rng.choice(values)
        return body[:begin] + rng.choice(VALUES) + body[end:]
    for _ in range(rng.choice([1, 1, 2, 4])):
        begin = rng.randrange(len(body) + 1)
        end = min(len(body), begin + rng.randint(0, 4))
        body = body[:begin] + rng.choice([b"", body[begin:end] * 2, *PIECES]) + body[end:]
    return body


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1))


@pytest.mark.timeout(3_600 if os.environ.get("URGENCY_PROVE") else 300)
@pytest.mark.parametrize("door", DOORS)
def test_no_body_is_a_fault_of_the_service(instance: Instance, door: str):
    path, media_type, body = DOORS[door]
    rng = random.Random(door)
    answered = 0
    for _ in range(BODIES):
        sent = mutated(rng, body)
        headers = {"Accept": rng.choice(["*/*", "text/csv", "application/jsonl"])}
        if door == "binary":
            headers["Inference-Header-Content-Length"] = str(
                body.index(b"\x04") + rng.choice([0, 1])
            )
        answer = instance.http.post(path, data=sent, content_type=media_type, headers=headers)
        assert answer.status_code < 500, (sent, answer.text)
        answered += answer.status_code == 200
    assert answered, "not one of these bodies gets as far as a prediction"
