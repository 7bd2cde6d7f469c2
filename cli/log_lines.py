"""The lines that job, functions and service write, read from Cloud Logging."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import google.auth
from google.api_core.exceptions import from_http_response
from google.auth.transport.requests import AuthorizedSession

from urgency.google_errors import translated
from urgency.settings import Settings

SCOPE = "https://www.googleapis.com/auth/logging.read"
ENDPOINT = "https://logging.googleapis.com"
TIMEOUT_S = 30.0
PAGE = 1000
"""The most that one call answers."""

LATE = timedelta(seconds=30)
"""How long after its time an entry may turn up; following looks back as far."""

_EXECUTION = 'labels."run.googleapis.com/execution_name"'


@dataclass(frozen=True)
class Line:
    """One line: `time` is RFC 3339, `fields` what it says besides its event."""

    id: str
    time: str
    severity: str
    container: str
    event: str
    fields: dict[str, Any]


class Logs:
    """The log lines of a system. Every call raises Unavailable or Forbidden."""

    def __init__(self, settings: Settings, credentials: Any = None) -> None:
        self._settings = settings
        self._credentials = credentials

    def newest(self, most: int, since: datetime, *conditions: str) -> list[Line]:
        """Up to `most` lines that meet every condition, the newest ones, oldest first."""
        lines: list[Line] = []
        token = ""
        while len(lines) < most:
            answer = self._page(since, conditions, min(PAGE, most - len(lines)), token)
            lines += map(_line, answer.get("entries", ()))
            if not (token := answer.get("nextPageToken", "")):
                break
        return lines[::-1]

    def newest_and_on(
        self, most: int, since: datetime, now: datetime, *conditions: str
    ) -> Iterator[list[Line]]:
        """The newest lines; then, each time it is asked, those that turned up, each line once."""
        lines = self.newest(most, since, *conditions)
        yield lines
        begin = now - LATE
        if len(lines) == most:  # those before them were not asked for
            begin = max(begin, datetime.fromisoformat(lines[0].time))
        shown = {line.id for line in lines}
        for more in self.following(begin, *conditions):
            yield [line for line in more if line.id not in shown]

    def following(self, since: datetime, *conditions: str) -> Iterator[list[Line]]:
        """Each time it is asked: the lines that turned up since the last time, oldest first."""
        seen: dict[str, datetime] = {}
        while True:
            # However many pages: what turned up since the last look is not cut off.
            found = {line.id: line for line in self.newest(sys.maxsize, since, *conditions)}
            lines = [line for line in found.values() if line.id not in seen]
            seen |= {line.id: datetime.fromisoformat(line.time) for line in lines}
            since = max([since, *(time - LATE for time in seen.values())])
            seen = {id_: time for id_, time in seen.items() if time >= since}
            yield lines

    def _page(
        self, since: datetime, conditions: Sequence[str], size: int, token: str
    ) -> dict[str, Any]:
        settings = self._settings
        body = {
            "resourceNames": [settings.log_view],
            "filter": " AND ".join(
                [_of(settings.containers), f'timestamp>="{since.isoformat()}"', *conditions]
            ),
            "orderBy": "timestamp desc",
            "pageSize": size,
            "pageToken": token,
        }
        url = f"{settings.logging_endpoint or ENDPOINT}/v2/entries:list"
        with translated("read the logs"):
            answer = self._session.post(url, json=body, timeout=TIMEOUT_S)
            if answer.status_code != 200:
                raise from_http_response(answer)
            return dict(answer.json())

    @cached_property
    def _session(self) -> AuthorizedSession:
        return AuthorizedSession(self._credentials or google.auth.default(scopes=[SCOPE])[0])


def of_run(execution: str) -> str:
    """The condition that a line is of this run of the job, or names it."""
    return f'({_EXECUTION}="{execution}" OR jsonPayload.execution="{execution}")'


def of_version(version: int) -> str:
    """The condition that a line is about this version."""
    return f"(jsonPayload.version={version} OR jsonPayload.n={version})"


def from_severity(severity: str) -> str:
    """The condition that a line is at least so severe."""
    return f"severity>={severity}"


def _of(containers: Sequence[str]) -> str:
    names = "(" + " OR ".join(f'"{name}"' for name in containers) + ")"
    return f"(resource.labels.job_name={names} OR resource.labels.service_name={names})"


def _line(entry: dict[str, Any]) -> Line:
    said = dict(entry.get("jsonPayload", {}))
    labels = entry["resource"]["labels"]
    return Line(
        id=entry["insertId"],
        time=entry["timestamp"],
        severity=entry.get("severity", "DEFAULT"),
        container=labels.get("job_name") or labels.get("service_name", ""),
        event=str(said.pop("message", entry.get("textPayload", ""))),
        fields=said,
    )
