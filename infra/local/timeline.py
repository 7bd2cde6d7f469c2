"""What happened, hop by hop: one JSON line an event, for people who watch and tests that wait."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Timeline:
    """Appends to `file`: `{"time", "hop", "who", ...}`, hops in snake_case, no ticket text."""

    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, hop: str, who: str, **facts: str | float | None) -> None:
        """Add one line: `who` (an e-mail) did `hop`; ids, counts and durations are `facts`."""
        line = json.dumps({"time": utc_text(datetime.now(UTC)), "hop": hop, "who": who} | facts)
        with self._lock, self.file.open("a") as file:
            file.write(line + "\n")


def read_timeline(file: Path) -> Iterator[dict[str, Any]]:
    """Every complete line of `file`, oldest first; nothing where there is no file yet."""
    if file.exists():
        with file.open() as lines:
            yield from (json.loads(line) for line in lines if line.endswith("\n"))


def utc_text(moment: datetime, precision: str = "milliseconds") -> str:
    """A time in UTC as Google's JSON writes it: '2026-11-26T09:00:00.000Z'."""
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
