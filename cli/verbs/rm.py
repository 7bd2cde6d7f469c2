import sys
from typing import Annotated

import typer

from cli.context import reach_to_change
from cli.landed_files import DeletedFile, delete_files, live_files
from cli.show import Json, emit_json, plain, say
from cli.usage_error import UsageError

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Files, as they were dropped.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

KEPT_DAYS = 37
"""30 days as a noncurrent generation, 7 more of soft delete: see infra/storage.tf."""


def rm(names: Names, yes: Yes = False, as_json: Json = False) -> None:
    """Delete files from the landing bucket: the next model is made without them.

    The bucket keeps what was deleted for 37 days. Receipts stay.

    Examples: urgency rm june.csv; urgency rm 2026/june.csv 2026/july.csv --yes
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here; say --yes to delete without a question.")
    landing = reach_to_change().landing
    files = live_files(landing, names)
    if not yes:
        listed = plain(", ".join(file.name for file in files))
        say(f"The next model is made without these files: {listed}")
        typer.confirm("Delete them?", abort=True)
    deleted = delete_files(landing, files)
    return emit_json(deleted) if as_json else _show(deleted)


def _show(deleted: list[DeletedFile]) -> None:
    for file in deleted:
        say(f"Deleted [bold]{plain(file.object)}[/], generation {file.generation}.")
    say(
        "The next model is made without these files. It is made when the next file is dropped, by"
        " the next regular run, or now: urgency train.",
        f"The bucket keeps what was deleted for {KEPT_DAYS} days.",
    )
