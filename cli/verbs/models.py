from typing import Annotated, Any

import typer

from cli.context import reach
from cli.show import Json, cause, console, emit_json, metric, moment, plain, say, table, verdict
from urgency.bundle import Manifest
from urgency.registry import Registry

NUMBERS = ("#rows", "#PR-AUC", "#ROC-AUC", "#ECE")
COLUMNS = ("", "#version", "verdict", *NUMBERS, "created", "~cause")


Limit = Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")]


def models(most: Limit = 20, as_json: Json = False) -> None:
    """List the versions with verdict and test metrics; the arrow marks the one that serves.

    Example: urgency models --json
    """
    found = list_models(reach().registry, most)
    if as_json:
        return emit_json(found)
    if not found:
        return say("There is no version yet; drop a CSV: urgency drop data/tickets.csv --wait")
    return console().print(table("", COLUMNS, map(_row, found)))


def list_models(registry: Registry, most: int) -> list[dict[str, Any]]:
    """The newest `most` versions, newest first; `champion` says which one serves."""
    champion = registry.current_release()[1].champion
    versions = reversed(registry.model_numbers()[-most:])
    manifests = (registry.manifest(version) for version in versions)
    return [_members(registry, manifest, champion) for manifest in manifests if manifest]


def _members(registry: Registry, manifest: Manifest, champion: int) -> dict[str, Any]:
    last = registry.last_verdict(manifest)
    return {
        "version": manifest.version,
        "champion": manifest.version == champion,
        "verdict": last.decision,
        "reasons": list(last.reasons),
        "against": last.against,
        "rows": manifest.rows["accepted"],
        "metrics": manifest.metrics,
        "created_at": manifest.created_at,
        "cause": manifest.cause,
    }


def _row(model: dict[str, Any]) -> list[str]:
    test = model["metrics"].get("test", {})
    return [
        "[bold green]▶[/]" if model["champion"] else "",
        str(model["version"]),
        verdict(model["verdict"]),
        f"{model['rows']:,}",
        *(metric(test.get(name)) for name in ("pr_auc", "roc_auc", "ece")),
        moment(model["created_at"]),
        plain(cause(model["cause"])),
    ]
