"""urgency why: the story of one version."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.show import Json, cause, console, emit_json, metric, moment, plain, say, table, verdict

if TYPE_CHECKING:
    from cli.context import System
    from urgency.bundle import Manifest

SPLITS = ("train", "validation", "test")
TOLD = ("epoch", "champion", "pinned", "by", "reason", "at")
COUNTS = ("accepted", "duplicate", "quarantined")
METRICS = ("accuracy", "precision", "recall", "f1", "pr_auc", "roc_auc", "brier", "ece")


def why(
    version: Annotated[int, typer.Argument(min=1, metavar="N", help="The version.")],
    as_json: Json = False,
) -> None:
    """Tell the story of version N: what caused it, from which files, how good it is, what was
    decided, who released it.

    Example: urgency why 2
    """
    from cli.context import reach
    from cli.usage_error import Mistake

    system = reach()
    manifest = system.registry.manifest(version)
    if manifest is None:
        raise Mistake(f"There is no version {version}; 'urgency models' lists what there is.")
    story = story_of(system, manifest)
    return emit_json(story) if as_json else _tell(story)


def story_of(system: System, manifest: Manifest) -> dict[str, Any]:
    """Everything that is recorded of a version, as plain members, from cause to adoption."""
    from jobs.tickets.file_report import reports_from_json
    from urgency.bundle import ACCOUNTING, METRICS

    registry, version = system.registry, manifest.version
    snapshot = registry.snapshot(version)
    accounts = reports_from_json(registry.part(manifest, ACCOUNTING))
    return {
        "version": version,
        "snapshot": {
            "id": manifest.snapshot,
            "created_at": snapshot.created_at if snapshot else None,
        },
        "cause": manifest.cause,
        "forced_by": manifest.forced_by,
        "execution": manifest.execution,
        "created_at": manifest.created_at,
        "files": [
            {
                name: getattr(account, name)
                for name in ("file", "generation", "status", "records", *COUNTS)
            }
            for account in accounts
        ],
        "rows": manifest.rows,
        "threshold": manifest.threshold,
        "metrics": manifest.metrics,
        "data": json.loads(registry.part(manifest, METRICS))["data"],
        "verdicts": [asdict(each) for each in registry.verdicts(manifest)],
        "champion": registry.current_release()[1].champion == version,
        "releases": _adoption(system, version),
    }


def _adoption(system: System, version: int) -> list[dict[str, Any]]:
    """The pointer's moves to this version and the move that ended each, as far as the bucket keeps
    them.
    """
    moves = system.registry.past_releases()
    told, before = [], 0
    for release in moves:
        if version in (before, release.champion):
            told.append({name: getattr(release, name) for name in TOLD})
        before = release.champion
    return told


def _tell(story: dict[str, Any]) -> None:
    serving = "; [bold green]it serves[/]" if story["champion"] else ""
    say(
        f"[bold]Version {story['version']}[/], made {moment(story['created_at'])} by"
        f" {story['execution']}{serving}"
    )
    say(f"Because: {plain(cause(story['cause']))}")
    files = table(
        "From these files", ["~file", "status", "#rows", *(f"#{name}" for name in COUNTS)], []
    )
    for each in story["files"]:
        counts = (f"{each[name]:,}" for name in ("records", *COUNTS))
        files.add_row(plain(each["file"]), each["status"], *counts)
    splits = [split for split in SPLITS if split in story["metrics"]]
    quality = table(
        f"How good it is (urgent from {story['threshold']:.1%})",
        ["", *(f"#{s}" for s in splits)],
        [],
    )
    for name in METRICS:
        quality.add_row(name, *(metric(story["metrics"][split].get(name)) for split in splits))
    console().print(files, quality)
    if story["data"]:
        say(
            "[bold]What stands out in the tickets[/]",
            *(f"  {plain(finding['sentence'])}" for finding in story["data"]),
        )
    say("[bold]What was decided[/]")
    for each in story["verdicts"]:
        against = f"against version {each['against']}" if each["against"] else "as the first model"
        say(f"  {verdict(each['decision'])} {against}: {plain(' '.join(each['reasons']))}")
    say("[bold]What became of it[/]")
    for each in story["releases"]:
        pinned = ", pinned" if each["pinned"] else ""
        say(
            f"  {moment(each['at'])} epoch {each['epoch']}: version {each['champion']}{pinned}, "
            f"by {plain(each['by'])}: {plain(each['reason'])}"
        )
    if not story["releases"]:
        say("  It never served.")
