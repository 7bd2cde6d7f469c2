from cli.context import reach_to_change
from cli.releases import end_pin
from cli.show import Json, Reason, emit_json, say


def resume(reason: Reason = "automation may go on", as_json: Json = False) -> None:
    """Let runs release again after a rollback, and start one that looks for something to release.

    The versions that the rollback left behind stay out: only newer ones are released.

    Example: urgency resume --reason "the wrong file is deleted"
    """
    release, execution = end_pin(reach_to_change(), reason)
    if as_json:
        return emit_json({"release": release, "execution": execution})
    return say(
        f"Runs release again (epoch {release.epoch}): version {release.champion} serves until one"
        f" above {release.floor} is better. Run {execution} looks for one now."
    )
