"""What a run writes: JSON lines for Cloud Logging, or sentences where a person watches."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from urgency.errors import Forbidden, SettingsError, UrgencyError
from urgency.logs import Log

if TYPE_CHECKING:
    from rich.status import Status

SENTENCES = {
    "nothing_landed": "There is nothing in the landing bucket yet; drop a CSV below incoming/.",
    "landing_empty": "The landing bucket is empty although a model exists; nothing changes.",
    "lease_held": "Another run is training; it looks at the bucket again when it is done.",
    "snapshot_made": "Snapshot {n} is made of {files} file(s).",
    "file_read": "Read {file}: {accepted} of {records} rows accepted.",
    "model_fitted": "Fitted on {rows} rows in {duration_s} s.",
    "model_judged": "Judged: {decision}. {reasons}",
    "model_committed": "Version {n} is committed with the verdict {verdict}.",
    "model_released": "Version {version} is released (epoch {epoch}).",
    "up_to_date": "Everything in the bucket is trained already (version {n}).",
    "reconciled": "The run is complete.",
    "shard_scored": "Shard {shard} of {shards}: {rows} rows, {bad} with an error.",
    "file_refused": "{reason}",
    "archive_scored": "Scored {rows} rows with version {version}, {bad} with an error.",
}


def job_log(execution: str) -> Log:
    """The log of one execution, for people on a terminal and for machines elsewhere."""
    if not sys.stderr.isatty():
        return Log({"execution": execution})
    from rich.console import Console

    status = Console(stderr=True).status("Looking at the landing bucket ...")
    status.start()
    atexit.register(status.stop)  # it hid the cursor
    return WatchedLog({"execution": execution}, status=status)


@dataclass(frozen=True)
class WatchedLog(Log):
    """A log for a person: each known event is a sentence, above a line that moves."""

    status: Status | None = None

    def bind(self, **fields: Any) -> Log:
        """See Log."""
        return replace(self, always={**self.always, **fields})

    def _write(self, severity: str, event: str, fields: dict[str, Any]) -> None:
        if self.status is None:
            return super()._write(severity, event, fields)
        from rich.markup import escape  # only where a person watches

        style = {"INFO": "green", "WARNING": "yellow", "ERROR": "red"}[severity]
        text = escape(sentence(event, {**self.always, **fields}))  # a file may be named "[/].csv"
        self.status.console.print(f"[{style}]•[/] {text}", highlight=False)
        return None


def sentence(event: str, fields: dict[str, Any]) -> str:
    """The event in words; an event without a sentence of its own by its name and fields."""
    if event in SENTENCES:
        return SENTENCES[event].format(**fields)
    shown = ", ".join(f"{name} {value}" for name, value in fields.items() if name != "execution")
    return f"{event.replace('_', ' ')}: {shown}" if shown else event.replace("_", " ")


def finished(run: Callable[[Log], int], log: Log) -> int:
    """The exit code of a run, its errors logged: 2 for a missing setting or right, 1 for others."""
    try:
        return run(log)
    except (SettingsError, Forbidden) as error:
        log.error("run_refused", reason=str(error))
        return 2
    except UrgencyError as error:
        log.error("run_failed", reason=str(error))
        return 1
    except Exception as error:  # noqa: BLE001  the last edge; a library's words could quote a ticket
        log.error("run_crashed", error=type(error).__name__, places=places_of(error))
        return 1


def places_of(error: BaseException) -> list[str]:
    """Where an error came from, without its words, which could quote a ticket."""
    frames = extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
