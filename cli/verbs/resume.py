"""urgency resume: end a pin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.show import Json, emit_json, say

if TYPE_CHECKING:
    from cli.context import System
    from urgency.records import Release


def resume(
    reason: Annotated[
        str, typer.Option(help="Why; it stays in the pointer.")
    ] = "automation may go on",
    as_json: Json = False,
) -> None:
    """Let automation release again after a rollback, and start a run that looks for something to
    release.

    The versions that the rollback left behind stay out: only newer ones are released.

    Example: urgency resume --reason "the wrong file is deleted"
    """
    from cli.context import reach

    system = reach()
    release, execution = let_go(system, reason)
    if as_json:
        return emit_json({"release": release, "execution": execution})
    return say(
        f"Automation is at work again (epoch {release.epoch}): version {release.champion} serves"
        f" until one above {release.floor} is better. Run {execution} looks for one now."
    )


def let_go(system: System, reason: str) -> tuple[Release, str]:
    """The unpinned release, and the execution started for what landed while it was pinned. Raises
    Mistake.
    """
    from cli.releases import move, resumed

    release = move(system, resumed, reason, datetime.now(UTC))
    return release, system.runs.start()
