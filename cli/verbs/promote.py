"""urgency promote: let a version serve whatever the gate said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.show import Json, emit_json, plain, say


def promote(
    version: Annotated[
        int, typer.Argument(min=1, metavar="N", help="The version that shall serve.")
    ],
    reason: Annotated[
        str, typer.Option(help="Why; it stays in the pointer for those who come later.")
    ],
    as_json: Json = False,
) -> None:
    """Let version N serve whatever the gate said.

    It is loaded and checked first, and every instance follows within seconds. Later versions go on
    replacing it when they are better, unless the pointer is pinned by a rollback.

    Example: urgency promote 7 --reason "the held-out week is a holiday week"
    """
    from cli.context import reach
    from cli.releases import loadable, move, promoted

    system = reach()
    sha256 = loadable(system.registry, version)
    release = move(
        system, lambda current: promoted(current, version, sha256), reason, datetime.now(UTC)
    )
    if as_json:
        return emit_json(release)
    pinned = " The pointer stays pinned; 'urgency resume' ends that." if release.pinned else ""
    return say(
        f"Version [bold]{version}[/] serves (epoch {release.epoch}), by"
        f" {plain(release.by)}.{pinned}"
    )
