"""What instances counted, as Cloud Logging lays it down: objects of log entries, one a line, below
`<log>/YYYY/MM/DD/`. https://docs.cloud.google.com/logging/docs/export/storage
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from urgency.observed import EVENT, Counts, no_counts
from urgency.store import ObjectStore

_DAY = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/[^/]*\.json$")

_MALFORMED = (
    *(ValueError, KeyError, TypeError, AttributeError),
    *(OverflowError, RecursionError),  # of Infinity and of what is nested without end
)

Hours = dict[datetime, Counts]


@dataclass
class Observed:
    """Counts by version and hour, UTC; `unreadable`: lines that did not parse.

    An entry counts once: a sink may lay it down more than once. Its id is one of its time only:
    https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
    """

    versions: dict[int, Hours] = field(default_factory=lambda: defaultdict(dict))
    unreadable: int = 0
    _seen: set[tuple[datetime, str]] = field(default_factory=set)

    def add(self, body: bytes) -> None:
        """The lines of one object. One that is not of ours does no harm."""
        for line in filter(None, body.split(b"\n")):
            try:
                entry = json.loads(line)
                if entry["jsonPayload"]["message"] != EVENT:
                    continue
                self._add(entry)
            except _MALFORMED:
                self.unreadable += 1

    def between(self, version: int, since: datetime, until: datetime) -> Counts:
        """What a version met from one moment to another, by whole hours."""
        hours = self.versions.get(version, {})
        return summed(counts for hour, counts in hours.items() if since <= hour < until)

    def days(self, version: int) -> dict[date, Counts]:
        """What a version met on each day, in order."""
        days: dict[date, list[Counts]] = defaultdict(list)
        for hour, counts in sorted(self.versions.get(version, {}).items()):
            days[hour.date()].append(counts)
        return {day: summed(counts) for day, counts in days.items()}

    def _add(self, entry: dict[str, Any]) -> None:
        at = datetime.fromisoformat(entry["timestamp"])
        if at.tzinfo is None:
            raise ValueError("a time of no zone")
        key = (at.astimezone(UTC), str(entry["insertId"]))
        if key in self._seen:
            return
        # Numbers of a payload may come back as 7.0: its type knows no whole ones.
        payload = _whole_again(entry["jsonPayload"])
        version, counts = payload["version"], Counts.from_members(payload)
        if type(version) is not int or version < 1:
            raise ValueError("no version has this number")
        hour, hours = key[0].replace(minute=0, second=0, microsecond=0), self.versions[version]
        hours[hour] = hours.get(hour, no_counts()) + counts
        self._seen.add(key)


def read_observed(bucket: ObjectStore, since: date) -> Observed:
    """All that was laid down since a day. Raises Unavailable or Forbidden."""
    observed = Observed()
    for listed in bucket.list(""):
        found = _DAY.search(f"/{listed.name}")
        if found and found.groups() >= (f"{since:%Y}", f"{since:%m}", f"{since:%d}"):
            stored = bucket.get(listed.name)
            observed.add(stored.body if stored else b"")
    return observed


def summed(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    total = no_counts()
    for one in counts:
        total += one
    return total


def _whole_again(value: Any) -> Any:
    """The same JSON with whole numbers where they are whole."""
    if isinstance(value, dict):
        return {name: _whole_again(one) for name, one in value.items()}
    if isinstance(value, list):
        return [*map(_whole_again, value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value
