"""Cloud Scheduler: POSTs the requests of the wiring at their times and as their identities."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import urllib3
from croniter import croniter
from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.app import product
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.timeline import Timeline
from infra.local.wiring import Schedule, Wiring

_post = partial(urllib3.request, "POST", timeout=180.0, retries=False)
LOOK_S = 30.0
"""At least this often the clock is read: a laptop that slept fires soon after it wakes."""


class Scheduler:
    """The schedules of `wiring`, whose URIs are local ones; `now` is the clock, in UTC."""

    def __init__(
        self,
        wiring: Wiring,
        identity: Identity,
        timeline: Timeline,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.schedules = {schedule.name: schedule for schedule in wiring.schedules}
        self._identity = identity
        self._timeline = timeline
        self._now = now
        self._due = {name: next_time(schedule, now()) for name, schedule in self.schedules.items()}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_time, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin to keep time."""
        self._thread.start()

    def stop(self) -> None:
        """Fire no more."""
        self._stopping.set()

    def fire(self, name: str) -> int:
        """POST this schedule's request now; its status, 0 without an answer."""
        schedule = self.schedules[name]
        account = schedule.service_account
        token = self._identity.access_token(account)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
        try:
            status = _post(schedule.uri, body=schedule.body, headers=headers).status
        except urllib3.exceptions.HTTPError:
            status = 0
        self._timeline.note("schedule_fired", account, schedule=name, status=status)
        return status

    def fire_due(self) -> float:
        """Fire what is due, each at most once however late; seconds until the next one."""
        now = self._now()
        for name, due in self._due.items():
            if due <= now:
                self._due[name] = next_time(self.schedules[name], now)
                self.fire(name)
        return min((due - now).total_seconds() for due in self._due.values())

    def _keep_time(self) -> None:
        pause_s = 0.0
        while self._due and not self._stopping.wait(min(pause_s, LOOK_S)):
            pause_s = self.fire_due()


def next_time(schedule: Schedule, after: datetime) -> datetime:
    """First time of the schedule, in its own time zone, that is later than `after`."""
    local = after.astimezone(ZoneInfo(schedule.time_zone))
    return croniter(schedule.schedule, local).get_next(datetime)  # type: ignore[no-any-return]  # no types of its own


def scheduler_blueprint(scheduler: Scheduler, wiring: Wiring, access: Access) -> Blueprint:
    """`jobs/NAME:run` of https://cloud.google.com/scheduler/docs/reference/rest."""
    location = f"projects/{wiring.project}/locations/{wiring.region}"

    def run_schedule(name: str) -> Response:
        member = access.caller(request)
        if name not in scheduler.schedules:
            raise ApiError(404, "notFound", "Job not found.")
        access.require(member, "cloudscheduler.jobs.run", f"schedules/{name}")
        schedule = scheduler.schedules[name]
        scheduler.fire(name)
        return jsonify(
            name=f"{location}/jobs/{name}",
            schedule=schedule.schedule,
            timeZone=schedule.time_zone,
            state="ENABLED",
            httpTarget={"uri": schedule.uri, "httpMethod": "POST"},
        )

    return product("scheduler", [("POST", f"/v1/{location}/jobs/<name>:run", run_schedule)])
