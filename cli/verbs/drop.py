from pathlib import Path
from typing import Annotated

import typer

from cli.context import reach_to_change
from cli.landing import DroppedFile, Outcome, follow, object_name, show_outcome, upload
from cli.show import Json, Timeout, emit_json, plain, say
from cli.usage_error import UsageError
from cli.watch import begin_watch, hop_printer, ignore_hop

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of labelled tickets.")]
Name = Annotated[str | None, typer.Option(help="Name below incoming/; for one file only.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the files to their receipts.")]


def drop(
    files: Files,
    name: Name = None,
    wait: Wait = False,
    timeout: Timeout = 900,
    as_json: Json = False,
) -> None:
    """Drop files of labelled tickets into the landing bucket; the rest happens by itself.

    CSV, Excel and JSON are read as a helpdesk exports them; any other file gets a receipt
    that says what is read. A file of the same name is replaced. With --wait the exit code is the
    verdict: 0 PROMOTE, 3 HOLD, 4 REJECT, 5 the file was not taken, 6 it was replaced before it was
    read or there was no answer in time. Of several files, the highest counts.

    Examples: urgency drop data/tickets.csv --wait; urgency drop export.xlsx --name 2026/june.xlsx
    """
    names = _names(files, name)
    system = reach_to_change()
    watch = begin_watch(system, ignore_hop if as_json else hop_printer()) if wait else None
    dropped = [upload(system.landing, *each) for each in zip(files, names, strict=True)]
    if not as_json:
        for one in dropped:
            say(f"Dropped [bold]{plain(one.name)}[/], generation {one.generation}.")
    outcomes = [follow(system.landing, one, watch, timeout) for one in dropped] if watch else []
    if as_json:
        emit_json(_members(dropped, outcomes))
    else:
        for outcome in outcomes:
            show_outcome(system.landing, outcome)
    raise typer.Exit(max((outcome.exit_code for outcome in outcomes), default=0))


def _names(files: list[Path], name: str | None) -> list[str]:
    """Where each file lands. Raises UsageError."""
    if name and len(files) > 1:
        raise UsageError("--name is for one file; drop several under their own names.")
    names = [object_name(file, name) for file in files]
    if len(set(names)) < len(names):
        raise UsageError("Two of the files have the same name; one would replace the other.")
    return names


def _members(dropped: list[DroppedFile], outcomes: list[Outcome]) -> list[dict[str, object]]:
    """`[{object, generation}]`, with --wait also exit_code, sentence and receipt."""
    ended = {
        each.file: {name: getattr(each, name) for name in ("exit_code", "sentence", "receipt")}
        for each in outcomes
    }
    members = [{"object": one.name, "generation": one.generation} for one in dropped]
    return [each | ended.get(one, {}) for each, one in zip(members, dropped, strict=True)]
