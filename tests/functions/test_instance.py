"""One instance of a function, with calls and a clock of the test's own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.http import CloudEvent

from functions.main import CLOCK_SKEW_S, Instance
from urgency.errors import Unavailable
from urgency.logs import Log

NOW = 1_790_000_000.0
ABOUT = {"type": "google.cloud.storage.object.v1.finalized", "source": "//storage"}


@dataclass
class World:
    """starts: what the next starts of the job raise, None where one begins."""

    starts: list[Exception | None] = field(default_factory=list)
    started: int = 0
    reloaded: int = 0
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.instance = Instance(self.start, self.reload, now=lambda: NOW, log=Log(stream=self.log))

    def start(self) -> str:
        if self.starts and (error := self.starts.pop(0)):
            raise error
        self.started += 1
        return f"train-{self.started}"

    def reload(self) -> int:
        self.reloaded += 1
        return 7

    def lands(self, created: float = NOW, **changed: Any) -> None:
        moment = datetime.fromtimestamp(created, UTC).isoformat()
        resource = {"name": "incoming/a.csv", "generation": "1", "timeCreated": moment} | changed
        self.instance.on_csv_landed(CloudEvent(ABOUT, resource))

    @property
    def told(self) -> list[str]:
        return [json.loads(line)["message"] for line in self.log.getvalue().splitlines()]


@pytest.fixture
def world() -> World:
    return World()


def test_a_start_that_failed_is_not_remembered(world: World) -> None:
    world.starts = [Unavailable("503")]
    old = NOW - 3_600
    with pytest.raises(Unavailable):
        world.lands(old)
    world.lands(old)
    assert world.started == 1


def test_an_object_of_just_before_a_run_starts_another_since_clocks_differ(world: World) -> None:
    world.lands()
    world.lands(NOW - CLOCK_SKEW_S + 1)
    assert world.started == 2
    world.lands(NOW - CLOCK_SKEW_S - 1)
    assert world.started == 2


NO_NUMBERS = [None, "", "x", [], {}, float("inf"), float("-inf"), float("nan"), "9" * 5_000]
NO_TIMES = [
    *(None, 7, "", "yesterday", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00"),
    *("9999-99-99T00:00:00Z", "1969-12-31T23:59:59Z", float("inf")),
]


@pytest.mark.parametrize("changed", [{"generation": one} for one in NO_NUMBERS])
def test_a_number_that_is_none_is_acknowledged_with_one_line(
    world: World, changed: dict[str, Any]
) -> None:
    world.lands(**changed)
    assert (world.started, world.told) == (0, ["event_refused"])


@pytest.mark.parametrize("time", NO_TIMES)
def test_a_time_that_is_none_is_acknowledged_with_one_line(world: World, time: object) -> None:
    world.lands(timeCreated=time)
    assert (world.started, world.told) == (0, ["event_refused"])


@pytest.mark.parametrize("name", ["schema", "epoch", "version"])
@pytest.mark.parametrize("number", NO_NUMBERS)
def test_a_release_without_numbers_is_acknowledged_with_one_line(
    world: World, name: str, number: object
) -> None:
    released = {"schema": 1, "epoch": 7, "version": 3} | {name: number}
    world.instance.on_model_released(CloudEvent(ABOUT, released))
    assert (world.reloaded, world.told) == (0, ["event_refused"])


@pytest.mark.parametrize("time", ["2026-01-02T03:04:05", "2026-01-02T03:04:05.678Z"])
def test_a_time_without_a_zone_is_read_as_utc(world: World, time: str) -> None:
    world.lands(timeCreated=time)
    assert world.told == ["run_started"]
