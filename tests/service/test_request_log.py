"""A line a request for those who look for a mistake; never a word of a ticket."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.asgi import JSON, ask
from tests.support.service.service import Instance

TRACE = "0af7651916cd43dd8448eb211c80319c"
DEBUG = {"URGENCY_LOG_LEVEL": "debug"}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"),
        ("X-Cloud-Trace-Context", f"{TRACE}/105445aa7843bc8bf206b12000100000;o=1"),
        ("X-Cloud-Trace-Context", TRACE),
    ],
)
@pytest.mark.parametrize("target", ["/v1/predict", "/invocations", "/nowhere"])
def test_at_debug_level_each_request_is_a_line_that_joins_its_trace(
    header: str, value: str, target: str
):
    instance = Instance(registry_with(1), DEBUG)
    headers = JSON | {header: value, "X-Request-Id": "r-1"}
    answer = asyncio.run(ask(instance.door, URGENT_TICKET, target=target, headers=headers))
    [line] = instance.facts("request_answered")
    assert (line["severity"], line["status"], line["request_id"]) == ("DEBUG", answer.status, "r-1")
    assert line["logging.googleapis.com/trace"] == f"projects/local-helpdesk/traces/{TRACE}"
    assert line["ms"] >= 0
    assert target.rpartition("/")[2] in (line["route"], "nowhere")
    assert URGENT_TICKET["title"] not in instance.written.getvalue()


@pytest.mark.parametrize("value", ["", "x", TRACE[:-1], f"00-{TRACE[:-1]}g-1-1", f"{TRACE}x"])
def test_what_is_no_trace_is_not_written(value: str):
    instance = Instance(registry_with(1), DEBUG)
    asyncio.run(ask(instance.door, URGENT_TICKET, headers=JSON | {"traceparent": value}))
    [line] = instance.facts("request_answered")
    assert "logging.googleapis.com/trace" not in line


def test_otherwise_there_is_none():
    instance = Instance(registry_with(1))
    asyncio.run(ask(instance.door, URGENT_TICKET))
    assert not instance.facts("request_answered")
