"""Output: tables and sentences for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the release.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")]

PIPE_WIDTH = 120
VERDICT_STYLE = {"PROMOTE": "green", "HOLD": "yellow", "REJECT": "red"}


def console() -> Console:
    """Standard output, for people; a pipe gets the same words without colours."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def say(*lines: str) -> None:
    """Print lines; `[bold]` and other tags in them are styles."""
    to = console()
    for line in lines:
        to.print(line, soft_wrap=True)


def print_error(sentence: str) -> None:
    """Print to standard error, where it does not disturb what a program reads."""
    print(sentence, file=sys.stderr)


def plain(text: object) -> str:
    """`text` with nothing in it taken for a style."""
    return escape(str(text))


def emit_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_jsonable))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; cells are styled or escaped by the caller.

    columns: `#name` holds numbers, `~name` long text, which is folded where there is little room.
    """
    made = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        made.add_column(
            column.lstrip("#~"),
            justify="right" if column.startswith("#") else "left",
            no_wrap=not column.startswith("~"),
            overflow="fold",
        )
    for row in rows:
        made.add_row(*map(str, row))
    return made


def verdict(decision: str) -> str:
    """A decision in its colour."""
    return f"[{VERDICT_STYLE.get(decision, 'default')}]{decision}[/]"


def moment(iso: str | datetime) -> str:
    """A time as people read it, in their own zone."""
    when = iso if isinstance(iso, datetime) else datetime.fromisoformat(iso)
    return when.astimezone().strftime("%Y-%m-%d %H:%M")


def metric(value: float | None) -> str:
    """A metric to three digits; a dash where it could not be computed."""
    return "–" if value is None else f"{value:.3f}"


def cause(members: dict[str, Any]) -> str:
    """Why there is a version, in words, from its snapshot's cause."""
    reasons = []
    for kind in ("added", "replaced", "removed"):
        change = members.get(kind) or {"count": 0, "names": []}
        if change["count"]:
            names = [name.removeprefix("incoming/") for name in change["names"][:3]]
            more = change["count"] - len(names)
            reasons.append(f"{kind} {', '.join(names)}" + (f" and {more} more" if more else ""))
    reasons += ["another recipe"] if members.get("recipe_changed") else []
    reasons += ["forced"] if members.get("forced") else []
    return "; ".join(reasons)


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON")
