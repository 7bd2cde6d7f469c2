from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from werkzeug.wrappers import Response

from infra.local.pocket.identity import Identity
from infra.local.pocket.scheduler import Scheduler, next_time
from infra.local.timeline import Timeline, read_timeline
from tests.support.cloud.receiver import Receiver, receiver
from tests.support.cloud.whole_cloud import WIRING, cloud, granting
from tests.support.waiting import eventually

NIGHTLY, SWEEP = (
    next(one for one in WIRING.schedules if one.name == f"urgency-{name}")
    for name in ("nightly", "sweep")
)
NOON = datetime(2025, 3, 30, 12, 7, tzinfo=UTC)


class World:
    """The wiring's schedules, POSTing to a receiver, with a clock of the test's."""

    def __init__(self, folder: Path, endpoint: Receiver) -> None:
        self.now = NOON
        self.endpoint = endpoint
        self.identity = Identity(folder, WIRING)
        self.timeline = folder / "events.jsonl"
        schedules = tuple(
            replace(one, uri=f"{endpoint.url}/{one.name}") for one in WIRING.schedules
        )
        wiring = replace(WIRING, schedules=schedules)
        self.scheduler = Scheduler(
            wiring, self.identity, Timeline(self.timeline), now=lambda: self.now
        )

    @property
    def fired(self) -> list[str]:
        return [request.path.strip("/") for request in self.endpoint.received]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with receiver() as endpoint:
        yield World(tmp_path, endpoint)


def test_nothing_fires_before_its_time_and_the_next_time_is_known(world: World) -> None:
    assert world.scheduler.fire_due() == 23 * 60
    assert world.fired == []


def test_a_schedule_fires_once_when_its_time_comes(world: World) -> None:
    world.now += timedelta(minutes=23)
    world.scheduler.fire_due()
    assert world.scheduler.fire_due() == 30 * 60
    assert world.fired == [SWEEP.name]


def test_after_a_long_sleep_each_schedule_fires_once(world: World) -> None:
    world.now += timedelta(days=3)
    world.scheduler.fire_due()
    world.scheduler.fire_due()
    assert sorted(world.fired) == sorted(one.name for one in WIRING.schedules)


def test_a_request_is_the_wirings_body_as_the_wirings_identity(world: World) -> None:
    assert world.scheduler.fire(NIGHTLY.name) == 200
    (request,) = world.endpoint.received
    assert (request.method, request.body.decode()) == ("POST", NIGHTLY.body)
    assert (
        world.identity.owner_of(request.headers["authorization"].removeprefix("Bearer "))
        == NIGHTLY.service_account
    )


def test_an_answer_that_fails_is_noted_and_harms_nothing(world: World) -> None:
    world.endpoint.answer = lambda _: Response(status=503)
    world.now += timedelta(days=1)
    world.scheduler.fire_due()
    statuses = [line["status"] for line in read_timeline(world.timeline)]
    assert statuses == [503] * len(WIRING.schedules)


def test_nobody_there_is_a_status_of_0(tmp_path: Path) -> None:
    wiring = replace(WIRING, schedules=(replace(NIGHTLY, uri="http://127.0.0.1:1/"),))
    assert (
        Scheduler(wiring, Identity(tmp_path, WIRING), Timeline(tmp_path / "e")).fire(NIGHTLY.name)
        == 0
    )


def test_times_are_those_of_the_schedules_own_zone() -> None:
    in_berlin = replace(NIGHTLY, schedule="0 2 * * *", time_zone="Europe/Berlin")
    assert next_time(in_berlin, datetime(2025, 7, 1, 12, tzinfo=UTC)) == datetime(
        2025, 7, 2, 0, tzinfo=UTC
    )


def test_the_real_schedule_starts_the_real_job_when_it_is_run_now(tmp_path: Path) -> None:
    wiring = granting(("roles/cloudscheduler.jobRunner", f"schedules/{SWEEP.name}"))
    with cloud(tmp_path, wiring, job="print('swept')") as place:
        answer = urllib3.request(
            "POST", _run_now(place.url, SWEEP.name), headers=_bearer(place.options()), retries=False
        )
        assert (answer.status, answer.json()["schedule"]) == (200, SWEEP.schedule)
        eventually(lambda: place.hops("job_execution_ended"))
        (requested,) = place.hops("job_execution_requested")
        assert requested["who"] == SWEEP.service_account


def test_running_a_schedule_now_needs_its_grant(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        answer = urllib3.request(
            "POST", _run_now(place.url, SWEEP.name), headers=_bearer(place.options()), retries=False
        )
        assert (answer.status, place.hops("schedule_fired")) == (403, [])


def _run_now(url: str, name: str) -> str:
    return f"{url}/v1/projects/{WIRING.project}/locations/{WIRING.region}/jobs/{name}:run"


def _bearer(options: dict[str, object]) -> dict[str, str]:
    return {"Authorization": f"Bearer {options['credentials'].token}"}
