"""Messages survive the trip in every wrapping, and anything else is refused as what it is:
permanent.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from urgency.errors import BadMessage
from urgency.messages import ModelReleased, is_ticket_file, read_landed_object, read_model_released

RESOURCE = {
    "name": "incoming/a/b.csv",
    "generation": "1700000000000001",
    "size": "12",
    "timeCreated": "2026-01-02T03:04:05.678Z",
}


def pushed(body: object, attributes: dict[str, str] | None = None) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(body).encode()).decode()
    return {
        "message": {"data": data, "attributes": attributes or {}, "messageId": "1"},
        "subscription": "s",
    }


@pytest.mark.parametrize(
    "wrapped", [RESOURCE, pushed(RESOURCE), json.dumps(pushed(RESOURCE)).encode()]
)
def test_a_landed_object_is_read_bare_and_wrapped(wrapped: object) -> None:
    landed = read_landed_object(wrapped)
    assert (landed.name, landed.generation, landed.size) == (
        "incoming/a/b.csv",
        1700000000000001,
        12,
    )
    assert landed.created.isoformat() == "2026-01-02T03:04:05.678000+00:00"


def test_a_released_model_survives_the_trip() -> None:
    sent = ModelReleased(epoch=7, version=3, execution="train-abc")
    data, attributes = sent.to_pubsub()
    assert read_model_released(pushed(json.loads(data), attributes)) == sent


@pytest.mark.parametrize(
    "junk",
    [
        None,
        [],
        "text",
        b"\xff",
        b"[" * 100_000,
        {},
        {"message": 1},
        {"message": {}},
        {"message": {"data": "%%%"}},
        {"message": {"data": base64.b64encode(b"[1]").decode()}},
        {"message": {"data": base64.b64encode(b"{").decode()}},
        {"message": {"data": base64.b64encode(b"{}").decode(), "attributes": 3}},
        RESOURCE | {"generation": "x"},
        RESOURCE | {"name": 3},
        RESOURCE | {"timeCreated": "yesterday"},
    ],
)
def test_anything_else_is_a_bad_message(junk: object) -> None:
    with pytest.raises(BadMessage):
        read_landed_object(junk)
    with pytest.raises(BadMessage):
        read_model_released(junk)


def test_a_newer_schema_is_refused_by_name() -> None:
    with pytest.raises(BadMessage, match="schema 2"):
        read_model_released(pushed({"schema": 2, "epoch": 1, "version": 1}))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("incoming/a.csv", True),
        ("incoming/deep/er/A.CSV", True),
        ("incoming/a.csv.gz", False),
        ("incoming/", False),
        ("receipts/a.csv", False),
        ("Incoming/a.csv", False),
    ],
)
def test_what_a_ticket_file_is(name: str, is_one: bool) -> None:
    assert is_ticket_file(name) is is_one
