from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cli.context import System, reach
from cli.heartbeat import Hop, hops
from cli.runs import Run
from cli.show import Json, console, emit_json, moment, plain, say, table
from urgency.errors import Forbidden, Unavailable

RUNS_SHOWN = 5


def status(as_json: Json = False) -> None:
    """Show what serves and where, the newest snapshot, the heartbeat and the last runs.

    Example: urgency status --json
    """
    found = status_of(reach())
    return emit_json(found) if as_json else _show(found)


def status_of(system: System) -> dict[str, Any]:
    """Everything that `status` shows; None for what this identity may not read."""
    return {
        "place": system.place,
        "service": system.settings.service_url,
        "release": system.registry.current_release()[1],
        "snapshot": _snapshot(system),
        "instances": system.service.instances(),
        "drift": _readable(system.registry.latest_drift),
        "dead_letters": _readable(lambda: len(system.dead_letters.peek())),
        "heartbeat": _readable(lambda: hops(system.logs, datetime.now(UTC))),
        "runs": _readable(lambda: system.runs.recent(RUNS_SHOWN)),
    }


def _snapshot(system: System) -> dict[str, Any] | None:
    snapshot = system.registry.newest_snapshot()
    if snapshot is None:
        return None
    members = {name: getattr(snapshot, name) for name in ("n", "created_at", "cause")}
    return members | {"files": len(snapshot.files)}


def _readable(read: Callable[[], Any]) -> Any:
    """What `read` gives; None where this identity may not or nobody answers: the rest is shown."""
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
        since = f"(epoch {release.epoch}) since {moment(release.at)}, by {plain(release.by)}"
        serves = f"version [bold]{release.champion}[/]{pinned}"
        say(f"  serving   {serves} {since}: {plain(release.reason)}")
    else:
        say("  serving   no model yet")
    if snapshot:
        when = moment(snapshot["created_at"])
        say(f"  data      snapshot {snapshot['n']}, {snapshot['files']} file(s), {when}")
    _show_drift(found["drift"])
    say(f"  undelivered messages: {'not readable' if letters is None else letters}")
    if found["heartbeat"] is not None:
        say(f"  heartbeat {', '.join(map(_hop, found['heartbeat']))}")
    rows = [
        (each.address, each.version or "–", each.epoch or "–", plain(each.problem))
        for each in found["instances"]
    ]
    console().print(table("Instances", ["address", "#version", "#epoch", "~problem"], rows))
    _show_runs(runs)


def _show_drift(drift: dict[str, Any] | None) -> None:
    if drift:
        answer, says = plain(drift["answer"]), plain(drift["says"])
        say(f"  drift     {answer} at {moment(drift['at'])}: {says}")


def _show_runs(runs: list[Run] | None) -> None:
    if runs is None:
        say("This identity may not read the job's runs (roles/run.viewer).")
    elif runs:
        columns = ["run", "state", "started", "#seconds"]
        console().print(table("Last runs", columns, map(_run, runs)))


def _hop(hop: Hop) -> str:
    ago = "[yellow]none[/]" if hop.age_s is None else f"{hop.age_s / 60:.0f} min ago"
    return f"{hop.hop} {ago}"


def _run(run: Run) -> list[str]:
    seconds = "" if run.seconds is None else f"{run.seconds:.1f}"
    return [run.name, run.state, moment(run.created), seconds]
