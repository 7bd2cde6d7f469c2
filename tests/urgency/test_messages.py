"""Messages are read in every wrapping; anything else is refused for good."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from urgency.errors import BadMessage
from urgency.messages import (
    NOTICE_CHARS,
    DeadLetter,
    ModelReleased,
    Notice,
    is_ticket_file,
    read_landed_object,
    read_model_released,
    read_notice,
)

RESOURCE = {
    "name": "incoming/a/b.csv",
    "generation": "1700000000000001",
    "size": "12",
    "timeCreated": "2026-01-02T03:04:05.678Z",
}


def pushed(body: object, attributes: dict[str, str] | None = None) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(body).encode()).decode()
    message = {"data": data, "attributes": attributes or {}, "messageId": "1"}
    return {"message": message, "subscription": "s"}


@pytest.mark.parametrize(
    "wrapped", [RESOURCE, pushed(RESOURCE), json.dumps(pushed(RESOURCE)).encode()]
)
def test_a_landed_object_is_read_bare_and_wrapped(wrapped: object) -> None:
    landed = read_landed_object(wrapped)
    assert landed.name == "incoming/a/b.csv"
    assert (landed.generation, landed.size) == (1700000000000001, 12)
    assert landed.created.isoformat() == "2026-01-02T03:04:05.678000+00:00"


def test_an_object_without_a_size_is_empty() -> None:
    """Google's own test server leaves a size of 0 out."""
    resource = {name: value for name, value in RESOURCE.items() if name != "size"}
    assert read_landed_object(resource).size == 0


def test_a_released_model_survives_the_trip() -> None:
    sent = ModelReleased(epoch=7, version=3, execution="train-abc")
    data, attributes = sent.to_pubsub()
    assert read_model_released(pushed(json.loads(data), attributes)) == sent


NOTICE = Notice("version-7", "held", "Version 7 was held back.", "Read why.", "gs://b/r.md")


def test_a_notice_survives_the_trip_and_is_cut_to_its_bounds() -> None:
    data, attributes = NOTICE.to_pubsub()
    assert read_notice(pushed(json.loads(data), attributes)) == NOTICE
    assert attributes == {"event": "Notice", "kind": "held"}
    long = Notice(**dict.fromkeys(NOTICE_CHARS, "ä" * 9_000))
    body = json.loads(long.to_pubsub()[0])
    read = read_notice(pushed(body))
    assert isinstance(read, Notice)
    assert {name: len(getattr(read, name)) for name in NOTICE_CHARS} == NOTICE_CHARS
    assert read.text.endswith("...")
    assert len(json.dumps(body)) < 64_000


@pytest.mark.parametrize(
    "changed", [{"text": "x" * 9_000}, {"key": 7}, {"link": None}, {"schema": 2}, {"schema": "x"}]
)
def test_a_notice_that_breaks_a_bound_is_refused_for_good(changed: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        read_notice(pushed(json.loads(NOTICE.to_pubsub()[0]) | changed))


@pytest.mark.parametrize("data", ["e30=", "%%%", ""])
def test_a_dead_letter_is_known_whatever_it_carries(data: str) -> None:
    attributes = {"CloudPubSubDeadLetterSourceSubscription": "on-csv-landed"}
    message = {"data": data, "attributes": attributes, "publishTime": "2026-01-02T03:04:05Z"}
    for event in ({"message": message}, json.dumps({"message": message}).encode()):
        assert read_notice(event) == DeadLetter("on-csv-landed", "2026-01-02T03:04:05Z")


NO_OBJECT = [None, [], "text", b"\xff", b"[" * 100_000, {}]
NO_DATA = [{"message": 1}, {"message": {}}, {"message": {"data": "%%%"}}]
BAD_DATA = [
    {"message": {"data": base64.b64encode(data).decode(), "attributes": attributes}}
    for data, attributes in ((b"[1]", {}), (b"{", {}), (b"{}", 3))
]
BAD_FIELDS = [
    RESOURCE | field for field in ({"generation": "x"}, {"name": 3}, {"timeCreated": "yesterday"})
]


@pytest.mark.parametrize("junk", [*NO_OBJECT, *NO_DATA, *BAD_DATA, *BAD_FIELDS])
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
        ("incoming/a.csv.gz", True),
        ("incoming/minutes.pdf", True),
        ("incoming/no ending", True),
        ("incoming/", False),
        ("incoming/folder/", False),
        ("receipts/a.csv", False),
        ("Incoming/a.csv", False),
    ],
)
def test_everything_dropped_but_a_folders_mark_is_owed_a_receipt(name: str, is_one: bool) -> None:
    assert is_ticket_file(name) is is_one
