import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.context import System, reach
from cli.show import Json, cause, console, emit_json, metric, moment, plain, say, table, verdict
from cli.usage_error import UsageError
from jobs.model.per_hundred import sentence
from jobs.tickets.file_report import reports_from_json
from urgency.bundle import ACCOUNTING, METRICS, Manifest

SPLITS = ("train", "validation", "test")
RELEASE_FIELDS = ("epoch", "champion", "pinned", "by", "reason", "at")
COUNTS = ("accepted", "duplicate", "quarantined")
FILE_FIELDS = ("file", "generation", "status", "records", *COUNTS)
METRICS_SHOWN = ("accuracy", "precision", "recall", "f1", "pr_auc", "roc_auc", "brier", "ece")

Version = Annotated[int, typer.Argument(min=1, metavar="N", help="The version.")]


def why(version: Version, as_json: Json = False) -> None:
    """Explain version N: its cause, files, quality and verdicts, and who released it.

    Example: urgency why 2
    """
    system = reach()
    manifest = system.registry.manifest(version)
    if manifest is None:
        raise UsageError(f"There is no version {version}; 'urgency models' lists all versions.")
    record = version_record(system, manifest)
    return emit_json(record) if as_json else _show(record)


def version_record(system: System, manifest: Manifest) -> dict[str, Any]:
    """Everything that is recorded of a version, from its cause to its releases."""
    registry, version = system.registry, manifest.version
    snapshot = registry.snapshot(version)
    created_at = snapshot.created_at if snapshot else None
    reports = reports_from_json(registry.part(manifest, ACCOUNTING))
    return {
        "version": version,
        "snapshot": {"id": manifest.snapshot, "created_at": created_at},
        "cause": manifest.cause,
        "forced_by": manifest.forced_by,
        "execution": manifest.execution,
        "created_at": manifest.created_at,
        "files": [{name: getattr(report, name) for name in FILE_FIELDS} for report in reports],
        "rows": manifest.rows,
        "threshold": manifest.threshold,
        "metrics": manifest.metrics,
        "card": f"{_service(system)}/v1/models/{version}/card",
        "in_short": sentence(manifest.metrics.get("test", {})),
        "data": json.loads(registry.part(manifest, METRICS))["data"],
        "verdicts": [asdict(each) for each in registry.verdicts(manifest)],
        "champion": registry.current_release()[1].champion == version,
        "releases": _releases(system, version),
    }


def _service(system: System) -> str:
    """Where the service answers; on this machine without a token, as a browser asks."""
    return system.local.stack.urls.instances[0] if system.local else system.settings.service_url


def _releases(system: System, version: int) -> list[dict[str, Any]]:
    """The pointer's moves to this version and away from it, as far as the bucket keeps them."""
    moves, before = [], 0
    for release in system.registry.past_releases():
        if version in (before, release.champion):
            moves.append({name: getattr(release, name) for name in RELEASE_FIELDS})
        before = release.champion
    return moves


def _show(record: dict[str, Any]) -> None:
    serving = "; [bold green]it serves[/]" if record["champion"] else ""
    made = f"made {moment(record['created_at'])} by {record['execution']}"
    say(f"[bold]Version {record['version']}[/], {made}{serving}")
    say(f"Because: {plain(cause(record['cause']))}")
    say(f"On its test tickets: {plain(record['in_short'])}")
    say(f"Its card, with figures: urgency card {record['version']}, or {plain(record['card'])}")
    _show_files(record["files"])
    _show_metrics(record)
    if record["data"]:
        findings = (f"  {plain(finding['sentence'])}" for finding in record["data"])
        say("[bold]What stands out in the tickets[/]", *findings)
    say("[bold]What was decided[/]")
    for each in record["verdicts"]:
        against = f"against version {each['against']}" if each["against"] else "as the first model"
        say(f"  {verdict(each['decision'])} {against}: {plain(' '.join(each['reasons']))}")
    say("[bold]When it served[/]")
    for each in record["releases"]:
        pinned = ", pinned" if each["pinned"] else ""
        now = f"epoch {each['epoch']}: version {each['champion']}{pinned}"
        say(f"  {moment(each['at'])} {now}, by {plain(each['by'])}: {plain(each['reason'])}")
    if not record["releases"]:
        say("  It never served.")


def _show_files(files: list[dict[str, Any]]) -> None:
    numbers = ("records", *COUNTS)
    columns = ["~file", "status", "#rows", *(f"#{name}" for name in COUNTS)]
    rows = [
        (plain(each["file"]), each["status"], *(f"{each[name]:,}" for name in numbers))
        for each in files
    ]
    console().print(table("From these files", columns, rows))


def _show_metrics(record: dict[str, Any]) -> None:
    metrics = record["metrics"]
    sides = [side for side in SPLITS if side in metrics]
    rows = [(name, *(metric(metrics[side].get(name)) for side in sides)) for name in METRICS_SHOWN]
    title = f"How good it is (urgent from {record['threshold']:.1%})"
    console().print(table(title, ["", *(f"#{side}" for side in sides)], rows))
