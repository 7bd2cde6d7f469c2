"""urgency models: every version there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.show import Json, cause, console, emit_json, metric, moment, plain, say, table, verdict

if TYPE_CHECKING:
    from urgency.registry import Registry


def models(
    most: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the versions with their verdicts and test metrics, newest first; the arrow marks the one
    that serves.

    Example: urgency models --json
    """
    from cli.context import reach

    system = reach()
    found = list_models(system.registry, most)
    if as_json:
        return emit_json(found)
    if not found:
        return say("There is no version yet; drop a CSV: urgency drop data/tickets.csv --wait")
    columns = [
        "",
        "#version",
        "verdict",
        "#rows",
        "#PR-AUC",
        "#ROC-AUC",
        "#ECE",
        "created",
        "~cause",
    ]
    return console().print(table("", columns, map(_row, found)))


def list_models(registry: Registry, most: int) -> list[dict[str, Any]]:
    """The newest `most` versions as plain members, newest first; `champion` says which one serves."""
    champion = registry.current_release()[1].champion
    found = []
    for version in reversed(registry.model_numbers()[-most:]):
        manifest = registry.manifest(version)
        if manifest:
            last = registry.last_verdict(manifest)
            found.append(
                {
                    "version": version,
                    "champion": version == champion,
                    "verdict": last.decision,
                    "reasons": list(last.reasons),
                    "against": last.against,
                    "rows": manifest.rows["accepted"],
                    "metrics": manifest.metrics,
                    "created_at": manifest.created_at,
                    "cause": manifest.cause,
                }
            )
    return found


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
