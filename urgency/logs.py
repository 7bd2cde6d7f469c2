"""One JSON line per fact, in Cloud Logging's field names.

A line is `{"severity", "message": <constant snake_case event>, "time", ...}` with numbers as
fields. No ticket text ever goes into one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TextIO


@dataclass(frozen=True)
class Log:
    """Writes facts to `stream` (default: standard error); `always` are fields of every line."""

    always: dict[str, Any] = field(default_factory=dict)
    stream: TextIO | None = None

    def bind(self, **fields: Any) -> Log:
        """The same log with further fields on every line."""
        return replace(self, always={**self.always, **fields})

    def debug(self, event: str, **fields: Any) -> None:
        """A detail for those who look for a mistake; its writer asks first."""
        self._write("DEBUG", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Something happened that an operator may want to know."""
        self._write("INFO", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something was not as it should be, and was dealt with."""
        self._write("WARNING", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something failed that somebody should look at."""
        self._write("ERROR", event, fields)

    def _write(self, severity: str, event: str, fields: dict[str, Any]) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"severity": severity, "message": event, "time": time, **self.always, **fields}
        print(json.dumps(line, default=str), file=self.stream or sys.stderr, flush=True)
