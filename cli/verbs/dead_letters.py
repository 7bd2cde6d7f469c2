import sys
from typing import Annotated

import typer

from cli.context import System, reach, reach_to_change
from cli.dead_letters import DeadLetter, Replayed
from cli.show import Json, console, emit_json, moment, plain, say, table
from cli.usage_error import UsageError

Replay = Annotated[bool, typer.Option("--replay", help="Send them again.")]
Forget = Annotated[bool, typer.Option("--forget", help="Delete them.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")]


def dead_letters(
    replay: Replay = False, forget: Forget = False, yes: Yes = False, as_json: Json = False
) -> None:
    """List the messages that a function failed on every time; send them again, or delete them.

    Correct the cause first: see docs/operations.md. What the messages carry is not shown.

    Examples: urgency dead-letters; urgency dead-letters --replay
    """
    if replay and forget:
        raise UsageError("--replay sends the messages again and --forget deletes them: say one.")
    if forget and not yes and not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here; say --yes to delete without a question.")
    system = reach_to_change() if replay or forget else reach()
    if replay:
        replayed = system.dead_letters.replay()
        return emit_json(replayed) if as_json else _show_replayed(replayed)
    letters = _forget(system, yes) if forget else system.dead_letters.peek()
    return emit_json(letters) if as_json else _show(letters, forget)


def _forget(system: System, yes: bool) -> list[DeadLetter]:
    if not yes:
        say(f"In {plain(system.place)}: what these messages would have caused happens no more.")
        typer.confirm("Delete all dead letters?", abort=True)
    return system.dead_letters.forget()


def _show_replayed(replayed: Replayed) -> None:
    say(f"Sent again: {len(replayed.sent)}. One that fails again is back within the hour.")
    if replayed.left:
        gone = plain(", ".join(sorted({letter.subscription for letter in replayed.left})))
        say(
            f"Left: {len(replayed.left)}, of {gone}, which no longer exists; --forget deletes them."
        )


def _show(letters: list[DeadLetter], deleted: bool) -> None:
    if not letters:
        return say("There are no dead letters.")
    rows = [
        (each.id, plain(each.subscription), moment(each.published), each.attempts)
        for each in letters
    ]
    title = "Deleted" if deleted else "Dead letters"
    return console().print(table(title, ["message", "given up by", "published", "#attempts"], rows))
