import json
import re
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from cli.context import reach
from cli.log_lines import Line, from_severity, of_run, of_version
from cli.show import console, plain, say
from cli.usage_error import UsageError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}


class Severity(StrEnum):
    """From which severity on."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what turns up.")]
RunOption = Annotated[
    str | None, typer.Option("--run", help="Only of this run, as in train-x7k2q.")
]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=1, help="Only about version N.")
]
SeverityOption = Annotated[Severity | None, typer.Option("--severity", help="So severe at least.")]
Since = Annotated[str, typer.Option("--since", help="How far back: 30s, 10m, 2h, 7d.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many, the newest ones.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def logs(
    *,
    follow: Follow = False,
    run: RunOption = None,
    version: VersionOption = None,
    severity: SeverityOption = None,
    since: Since = "1d",
    most: Limit = 100,
    as_json: JsonLines = False,
) -> None:
    """Show what job, functions and service wrote, oldest first: no line holds a ticket's words.

    Examples: urgency logs --follow; urgency logs --run train-x7k2q; urgency logs --severity ERROR
    """
    conditions = [
        *([of_run(run)] if run else []),
        *([of_version(version)] if version else []),
        *([from_severity(severity.value)] if severity else []),
    ]
    now, span, system = datetime.now(UTC), _span(since), reach()
    looks = system.logs.newest_and_on(most, now - span, now, *conditions)
    lines = next(looks)
    _print(lines, as_json)
    if not follow:
        if not lines and not as_json:
            say(f"Nothing was written since {since} ago that meets this.")
        return
    for more in looks:
        _print(more, as_json)
        time.sleep(system.pause_s)


def _span(text: str) -> timedelta:
    """'90m' as a span of time. Raises UsageError."""
    read = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if read is None:
        raise UsageError(f"--since {text} is no span of time; write 30s, 10m, 2h or 7d.")
    return timedelta(**{UNITS[read[2]]: int(read[1])})


def _print(lines: list[Line], as_json: bool) -> None:
    for line in lines:
        if as_json:
            print(json.dumps(asdict(line), ensure_ascii=False), flush=True)
        else:
            console().print(_shown(line), soft_wrap=True)


def _shown(line: Line) -> str:
    at = datetime.fromisoformat(line.time).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    style = STYLES.get(line.severity, "default")
    fields = " ".join(f"{name}={json.dumps(value)}" for name, value in line.fields.items())
    return f"[dim]{at}[/] {line.container:18} [{style}]{plain(line.event)}[/] {plain(fields)}"
