"""Output: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

PIPE_WIDTH = 120
VERDICT_STYLE = {"PROMOTE": "green", "HOLD": "yellow", "REJECT": "red"}


def console() -> Console:
    """Standard output, for people; a pipe gets the same words without colours."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def say(*lines: str) -> None:
    """Print lines, in which `[bold]` and the like are styles."""
    to = console()
    for line in lines:
        to.print(line, soft_wrap=True)


def complain(sentence: str) -> None:
    """Print to standard error, where it does not disturb what a program reads."""
    print(sentence, file=sys.stderr)


def plain(text: object) -> str:
    """`text` with nothing in it taken for a style."""
    from rich.markup import escape

    return escape(str(text))


def emit_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_jsonable))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table. `#name` is a column of numbers, `~name` one of long text, which is folded where room
    is short.

    Cells are styled or escaped by their caller.
    """
    from rich import box
    from rich.table import Table

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
    told = []
    for kind in ("added", "replaced", "removed"):
        change = members.get(kind) or {"count": 0, "names": []}
        if change["count"]:
            names = [name.removeprefix("incoming/") for name in change["names"][:3]]
            more = change["count"] - len(names)
            told.append(f"{kind} {', '.join(names)}" + (f" and {more} more" if more else ""))
    told += ["another recipe"] if members.get("recipe_changed") else []
    told += ["forced"] if members.get("forced") else []
    return "; ".join(told)


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON")
