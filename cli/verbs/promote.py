from typing import Annotated

import typer

from cli import releases
from cli.context import reach_to_change
from cli.show import Json, Reason, emit_json, plain, say

Version = Annotated[int, typer.Argument(min=1, metavar="N", help="The version to serve.")]


def promote(version: Version, reason: Reason, as_json: Json = False) -> None:
    """Let version N serve, whatever the gate decided.

    It is loaded and checked first, and every instance follows within seconds. Better versions
    still replace it later, unless a rollback has pinned the pointer.

    Example: urgency promote 7 --reason "the held-out week is a holiday week"
    """
    release = releases.promote(reach_to_change(), version, reason)
    if as_json:
        return emit_json(release)
    pinned = " The pointer stays pinned; 'urgency resume' ends that." if release.pinned else ""
    serves = f"Version [bold]{version}[/] serves (epoch {release.epoch})"
    return say(f"{serves}, by {plain(release.by)}.{pinned}")
