"""Cloud Scheduler: POSTs what the wiring says, when it says, as the identity it says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import urllib3
from croniter import croniter
from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.timeline import Timeline
from infra.local.wiring import Schedule, Wiring

ATTEMPT_S = 180.0
LOOK_S = 30.0
"""The longest nap between two looks at the clock: a laptop that slept fires soon after it wakes."""


class Scheduler:
    """The schedules of `wiring`, whose URIs are those of this machine; `now` is the clock, in UTC."""

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
        """POST this schedule's request now; its status, 0 where none came."""
        schedule = self.schedules[name]
        token = self._identity.access_token(schedule.service_account)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
        try:
            status = urllib3.request(
                "POST",
                schedule.uri,
                body=schedule.body,
                headers=headers,
                timeout=ATTEMPT_S,
                retries=False,
            ).status
        except urllib3.exceptions.HTTPError:
            status = 0
        self._timeline.note(
            "schedule_fired", schedule.service_account, schedule=name, status=status
        )
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
    """`jobs/NAME:run`, as https://cloud.google.com/scheduler/docs/reference/rest has it."""
    routes = Blueprint("scheduler", __name__)
    location = f"projects/{wiring.project}/locations/{wiring.region}"

    @routes.post(f"/v1/{location}/jobs/<name>:run")
    def run_schedule(name: str) -> Response:
        member = access.caller(request)
        if name not in scheduler.schedules:
            raise ApiError(404, "notFound", "Job not found.")
        access.require(member, "cloudscheduler.jobs.run", f"schedules/{name}")
        schedule = scheduler.schedules[name]
        scheduler.fire(name)
        target = {"uri": schedule.uri, "httpMethod": "POST"}
        return jsonify(
            name=f"{location}/jobs/{name}",
            schedule=schedule.schedule,
            timeZone=schedule.time_zone,
            state="ENABLED",
            httpTarget=target,
        )

    return routes
