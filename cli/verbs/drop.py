"""urgency drop: put ticket files into the bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.show import Json, emit_json, plain, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.context import System
    from cli.landing import Landed, Outcome
    from cli.watch import Hop, Watch

HERE_PAUSE_S, AWAY_PAUSE_S = 0.2, 2.0
"""Between two looks: at a system on this machine, and at one that is far and asks for money."""


def drop(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSVs of labelled tickets.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Name below incoming/; of one file only.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow the files to their receipts.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 900.0,
    as_json: Json = False,
) -> None:
    """Drop CSVs of labelled tickets into the landing bucket; everything else happens by itself.

    A file of the same name is replaced. With --wait the exit code tells the verdict: 0 PROMOTE, 3
    HOLD, 4 REJECT, 5 the file was not taken, 6 replaced before it was read or no answer in time; of
    several files, the highest.

    Examples: urgency drop data/tickets.csv --wait; urgency drop export.txt --name 2026/june.csv
    """
    from cli.context import reach
    from cli.landing import object_name, upload
    from cli.usage_error import Mistake

    if name and len(files) > 1:
        raise Mistake("--name is for one file; drop several under their own names.")
    names = [object_name(file, name) for file in files]
    if len(set(names)) < len(names):
        raise Mistake("Two of the files have the same name; each would replace the other.")
    system = reach()
    watch = _watch(system, _quiet if as_json else hop_printer()) if wait else None
    landed = [upload(system.landing, file, name) for file, name in zip(files, names, strict=True)]
    if not as_json:
        say(
            *(f"Dropped [bold]{plain(one.name)}[/], generation {one.generation}." for one in landed)
        )
    outcomes = [followed(system, one, watch, timeout) for one in landed] if watch else []
    if as_json:
        emit_json(_members(landed, outcomes))
    else:
        for outcome in outcomes:
            show_outcome(system, outcome)
    raise typer.Exit(max((outcome.exit_code for outcome in outcomes), default=0))


def followed(system: System, landed: Landed, watch: Watch, timeout_s: float) -> Outcome:
    """How one dropped file ended."""
    from cli.landing import follow

    return follow(system, landed, watch, timeout_s=timeout_s, pause_s=pause_s(system))


def pause_s(system: System) -> float:
    """Seconds between two looks."""
    return HERE_PAUSE_S if system.local else AWAY_PAUSE_S


def show_outcome(system: System, outcome: Outcome) -> None:
    """Print the receipt where there is one, and how it ended."""
    from rich.markdown import Markdown
    from rich.panel import Panel

    from cli.landing import read_receipt
    from cli.show import console

    body = read_receipt(system.landing, outcome.landed, ".md") if outcome.receipt else None
    if body:
        console().print(
            Panel(Markdown(body.decode()), title="receipt", title_align="left", border_style="dim")
        )
    say(plain(outcome.sentence))


def hop_printer() -> Callable[[Hop], None]:
    """Prints each hop with the seconds since now."""
    began = datetime.now(UTC)

    def tell(hop: Hop) -> None:
        after_s = max(0.0, (hop.at - began).total_seconds())
        say(f"[dim]{after_s:7.2f} s[/]  [cyan]{hop.stage:9}[/] {plain(hop.detail)}")

    return tell


def _quiet(_hop: Hop) -> None:
    pass


def _watch(system: System, tell: Callable[[Hop], None]) -> Watch:
    from cli.watch import Watch

    return Watch(system, tell)


def _members(landed: list[Landed], outcomes: list[Outcome]) -> list[dict[str, object]]:
    """`[{object, generation, exit_code, sentence, receipt}]`, the last three only where it was
    waited.
    """
    told: dict[Landed, Outcome] = {outcome.landed: outcome for outcome in outcomes}
    return [
        {"object": one.name, "generation": one.generation}
        | (
            {
                "exit_code": told[one].exit_code,
                "sentence": told[one].sentence,
                "receipt": told[one].receipt,
            }
            if one in told
            else {}
        )
        for one in landed
    ]
