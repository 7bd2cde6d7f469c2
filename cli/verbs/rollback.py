"""urgency rollback: go back to an older version and keep automation from undoing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.show import Json, emit_json, plain, say

if TYPE_CHECKING:
    from cli.context import System
    from urgency.records import Release


def rollback(
    to: Annotated[int, typer.Option(min=1, metavar="N", help="The version to go back to.")],
    reason: Annotated[
        str, typer.Option(help="Why; it stays in the pointer for those who come later.")
    ],
    as_json: Json = False,
) -> None:
    """Go back to version N at once, and stay there.

    It is loaded and checked first. The pointer is pinned: new files are still trained and judged,
    but nothing is released until 'urgency resume', and no version of today is ever released by
    itself again.

    Example: urgency rollback --to 3 --reason "version 4 calls every invoice urgent"
    """
    from cli.context import reach

    system = reach()
    release = roll_back(system, to, reason)
    if as_json:
        return emit_json(release)
    return say(
        f"Version [bold]{to}[/] serves again (epoch {release.epoch}), by {plain(release.by)}. It is"
        f" pinned, and versions up to {release.floor} stay out; 'urgency resume' lets newer"
        " ones in."
    )


def roll_back(system: System, to: int, reason: str) -> Release:
    """The release after version `to`, verified to load, was made to serve and pinned. Raises
    Mistake.
    """
    from cli.releases import loadable, move, rolled_back

    sha256 = loadable(system.registry, to)
    versions = system.registry.model_numbers()
    return move(
        system,
        lambda current: rolled_back(current, to, sha256, versions),
        reason,
        datetime.now(UTC),
    )
