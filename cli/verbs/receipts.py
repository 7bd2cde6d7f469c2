import json
from typing import Annotated, Any

import typer
from rich.markdown import Markdown

from cli.context import reach
from cli.landed_files import whether_live
from cli.landing import JSON, MARKDOWN, newest_receipt_of, newest_receipts, read_receipt
from cli.show import Json, console, emit_json, moment, plain, say, table, verdict
from urgency.messages import INCOMING

COLUMNS = ("~file", "status", "#rows", "#taken", "#not taken", "verdict", "read")
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="A file, as it was dropped.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")]


def receipts(name: Name = None, most: Limit = 20, as_json: Json = False) -> None:
    """List the receipts of dropped files, newest first, or show the newest one of file NAME.

    A file is gone when it was deleted or replaced since.

    Examples: urgency receipts; urgency receipts tickets.csv
    """
    landing = reach().landing
    if name is None:
        stored = (read_receipt(landing, each, JSON) for each in newest_receipts(landing, most))
        found = [json.loads(body) for body in stored]
        live = whether_live(landing, found)
        found = [each | {"gone": not lies} for each, lies in zip(found, live, strict=True)]
        return emit_json(found) if as_json else _show_list(found)
    receipt = newest_receipt_of(landing, name)
    if as_json:
        return emit_json(json.loads(read_receipt(landing, receipt, JSON)))
    return console().print(Markdown(read_receipt(landing, receipt, MARKDOWN).decode()))


def _show_list(found: list[dict[str, Any]]) -> None:
    if not found:
        return say("There is no receipt yet; drop a file: urgency drop data/tickets.csv --wait")
    return console().print(table("", COLUMNS, map(_row, found)))


def _row(receipt: dict[str, Any]) -> list[str]:
    is_used = receipt["status"] in {"accepted", "partly"}
    gone = " [dim](gone)[/]" if receipt["gone"] else ""
    counts = (f"{receipt[name]:,}" for name in ("records", "accepted", "quarantined"))
    return [
        plain(receipt["file"].removeprefix(INCOMING)) + gone,
        receipt["status"],
        *counts,
        f"{verdict(receipt['verdict']['decision'])} {receipt['version']}" if is_used else "–",
        moment(receipt["at"]),
    ]
