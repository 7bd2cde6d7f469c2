from typing import Annotated

import typer

from cli.context import reach
from cli.landed_files import LandedFile, landed_files
from cli.show import Json, console, emit_json, moment, plain, say, table

COLUMNS = ("~file", "#bytes", "dropped", "answer")
Folder = Annotated[str, typer.Argument(metavar="[FOLDER]", help="Only what lies below it.")]


def ls(folder: Folder = "", as_json: Json = False) -> None:
    """List the files that lie in the landing bucket, and what their receipts say.

    What lies there is what the next model is made of. The answer is the status of the newest
    receipt of exactly this content, or "not yet".

    Examples: urgency ls; urgency ls 2026/june --json
    """
    found = landed_files(reach().landing, folder)
    return emit_json(found) if as_json else _show(found)


def _show(found: list[LandedFile]) -> None:
    if not found:
        return say("There is no file; drop one: urgency drop data/tickets.csv --wait")
    return console().print(table("", COLUMNS, map(_row, found)))


def _row(file: LandedFile) -> list[str]:
    return [
        plain(file.name),
        f"{file.size_bytes:,}",
        moment(file.at),
        plain(file.status) if file.is_answered else "[yellow]not yet[/]",
    ]
