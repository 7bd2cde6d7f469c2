"""urgency status: what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.show import Json, console, emit_json, moment, plain, say, table
from urgency.errors import Forbidden, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.context import System
    from cli.runs import Run

RUNS_SHOWN = 5


def status(as_json: Json = False) -> None:
    """Show what serves, on which instances, the newest snapshot, undelivered messages and the last
    runs.

    Example: urgency status --json
    """
    from cli.context import reach

    system = reach()
    found = status_of(system)
    return emit_json(found) if as_json else _show(found)


def status_of(system: System) -> dict[str, Any]:
    """Everything that `status` shows, as plain members; what this identity may not read is None."""
    snapshot = system.registry.newest_snapshot()
    return {
        "place": system.place,
        "service": system.settings.service_url,
        "release": system.registry.current_release()[1],
        "snapshot": (
            snapshot
            and {
                "n": snapshot.n,
                "files": len(snapshot.files),
                "created_at": snapshot.created_at,
                "cause": snapshot.cause,
            }
        ),
        "instances": system.service.serving(),
        "dead_letters": _readable(lambda: len(system.dead_letters())),
        "runs": _readable(lambda: system.runs.recent(RUNS_SHOWN)),
    }


def _readable(read: Callable[[], Any]) -> Any:
    """What `read` gives; None where this identity may not, or nobody answers: the rest is worth
    showing.
    """
    try:
        return read()
    except (Forbidden, Unavailable):
        return None


def _show(found: dict[str, Any]) -> None:
    release, snapshot, letters, runs = (
        found[name] for name in ("release", "snapshot", "dead_letters", "runs")
    )
    say(f"[bold]{plain(found['place'])}[/]", f"  service   {found['service']}")
    if release.champion:
        pinned = "[yellow], pinned[/]" if release.pinned else ""
        say(
            f"  serving   version [bold]{release.champion}[/]{pinned} (epoch {release.epoch}) since"
            f" {moment(release.at)}, by {plain(release.by)}: {plain(release.reason)}"
        )
    else:
        say("  serving   no model yet")
    if snapshot:
        say(
            f"  data      snapshot {snapshot['n']}, {snapshot['files']} file(s),"
            f" {moment(snapshot['created_at'])}"
        )
    say(f"  undelivered messages: {'not readable' if letters is None else letters}")
    rows = [
        (each.address, each.version or "–", each.epoch or "–", plain(each.problem))
        for each in found["instances"]
    ]
    console().print(table("Instances", ["address", "#version", "#epoch", "~problem"], rows))
    if runs is None:
        say("The job's runs are not readable for this identity (roles/run.viewer).")
    elif runs:
        console().print(
            table("Last runs", ["run", "state", "started", "#seconds"], map(_run, runs))
        )


def _run(run: Run) -> list[str]:
    return [
        run.name,
        run.state,
        moment(run.created),
        "" if run.seconds is None else f"{run.seconds:.1f}",
    ]
