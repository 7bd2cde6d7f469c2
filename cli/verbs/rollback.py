from typing import Annotated

import typer

from cli.context import reach_to_change
from cli.releases import roll_back
from cli.show import Json, Reason, emit_json, plain, say

Version = Annotated[int, typer.Option(min=1, metavar="N", help="The version to go back to.")]


def rollback(to: Version, reason: Reason, as_json: Json = False) -> None:
    """Go back to version N at once, and stay there.

    It is loaded and checked first. The pointer is pinned: new files are still trained and judged,
    but nothing is released until 'urgency resume'. No run ever releases a version of today again.

    Example: urgency rollback --to 3 --reason "version 4 calls every invoice urgent"
    """
    release = roll_back(reach_to_change(), to, reason)
    if as_json:
        return emit_json(release)
    return say(
        f"Version [bold]{to}[/] serves again (epoch {release.epoch}), by {plain(release.by)}. It is"
        f" pinned, and versions up to {release.floor} stay out; 'urgency resume' lets newer"
        " ones in."
    )
