"""urgency receipts: what became of the files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.show import Json, console, emit_json, moment, plain, say, table, verdict

if TYPE_CHECKING:
    from urgency.store import ObjectStore

FOLDER = "receipts/"


def receipts(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A file, as it was dropped.")
    ] = None,
    most: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the receipts that answered the dropped files, newest first; with NAME show that file's
    newest one.

    Examples: urgency receipts; urgency receipts tickets.csv
    """
    from cli.context import reach

    landing = reach().landing
    if name is None:
        found = [json.loads(_body(landing, receipt)) for receipt in _newest(landing, most)]
        return emit_json(found) if as_json else _show_list(found)
    receipt = _of(landing, name)
    body = _body(landing, receipt)
    return emit_json(json.loads(body)) if as_json else _show(landing, receipt)


def _newest(landing: ObjectStore, most: int | None, prefix: str = FOLDER) -> list[str]:
    listed = [found for found in landing.list(prefix) if found.name.endswith(".json")]
    return [
        found.name for found in sorted(listed, key=lambda found: found.created, reverse=True)[:most]
    ]


def _of(landing: ObjectStore, name: str) -> str:
    """The newest receipt of a file. Raises Mistake."""
    from cli.usage_error import Mistake
    from jobs.report.receipts import receipt_name
    from urgency.messages import INCOMING

    prefix = receipt_name(INCOMING + name.removeprefix(INCOMING), 0).removesuffix("0")
    generations = [
        found for found in _newest(landing, None, prefix) if _is_generation(found, prefix)
    ]
    if not generations:
        raise Mistake(f"No receipt answers {name} yet; 'urgency receipts' lists those there are.")
    return generations[0]


def _is_generation(receipt: str, prefix: str) -> bool:
    return receipt.removeprefix(prefix).removesuffix(".json").isdigit()


def _body(landing: ObjectStore, name: str) -> bytes:
    from urgency.errors import Gone

    stored = landing.get(name)
    if stored is None:
        raise Gone(f"{name} was deleted meanwhile.")
    return stored.body


def _show(landing: ObjectStore, receipt: str) -> None:
    from rich.markdown import Markdown

    console().print(Markdown(_body(landing, receipt.removesuffix(".json") + ".md").decode()))


def _show_list(found: list[dict[str, Any]]) -> None:
    if not found:
        return say("No file was answered yet; drop one: urgency drop data/tickets.csv --wait")
    columns = ["~file", "#rows", "#taken", "#twice", "#refused", "#version", "verdict", "read"]
    return console().print(table("", columns, map(_row, found)))


def _row(receipt: dict[str, Any]) -> list[str]:
    counts = (f"{receipt[name]:,}" for name in ("records", "accepted", "duplicate", "quarantined"))
    return [
        plain(receipt["file"].removeprefix("incoming/")),
        *counts,
        str(receipt["version"]),
        verdict(receipt["verdict"]["decision"]),
        moment(receipt["at"]),
    ]
