"""One line a minute says what was scored, by version; at the end of the process the rest."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from service.model_slot import LOG_EVERY_S
from tests.service.test_process import asked_until_served, baked_environ
from tests.support.models import CALM_TICKET, URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import SOFT_S, Instance
from tests.support.service.service_process import service_process
from urgency.observed import Counts

BATCH = {"instances": [URGENT_TICKET, CALM_TICKET] * 5}


def test_a_line_a_minute_while_it_answers() -> None:
    instance = Instance(registry_with(1))
    instance.http.post("/predict", json=URGENT_TICKET)
    instance.http.post("/predict", json=BATCH)
    instance.http.post("/invocations", json=BATCH)
    instance.clock.advance(LOG_EVERY_S - 1)
    instance.version()
    assert instance.facts("observed") == []
    instance.clock.advance(1)
    instance.version()
    [line] = instance.facts("observed")
    assert (line["version"], line["tickets"]) == (1, 22)
    assert Counts.from_members(line).tickets == 22
    instance.version()
    instance.clock.advance(LOG_EVERY_S - 1)
    instance.version()
    assert len(instance.facts("observed")) == 1
    instance.clock.advance(1)
    instance.version()
    assert [line["tickets"] for line in instance.facts("observed")] == [22, 3]


def test_each_version_has_its_own_line() -> None:
    registry = registry_with(1)
    instance = Instance(registry)
    instance.http.post("/predict", json=BATCH)
    release(registry, put_model(registry, 2, strength=2.0))
    instance.clock.advance(SOFT_S)
    instance.version()
    instance.door.observer.write()
    lines = {line["version"]: line["tickets"] for line in instance.facts("observed")}
    assert lines == {1: 10, 2: 1}
    instance.door.observer.write()
    assert len(instance.facts("observed")) == 2


def test_what_is_tried_on_the_page_or_refused_is_not_counted() -> None:
    instance = Instance(registry_with(1))
    instance.http.post("/", data=URGENT_TICKET)
    instance.http.post("/predict", json={"title": 7})
    instance.door.observer.write()
    assert instance.facts("observed") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_at_the_end_of_the_process_the_rest_is_written(
    number: signal.Signals, tmp_path: Path
) -> None:
    with service_process(baked_environ(tmp_path), tmp_path) as service:
        asked_until_served("POST", f"{service.url}/v1/predict", json=URGENT_TICKET)
        service.process.send_signal(number)
        service.process.wait(60)
        lines = [json.loads(line) for line in service.log.read_text().splitlines() if "{" in line]
    [observed] = [line for line in lines if line.get("message") == "observed"]
    assert observed["tickets"] == 1
