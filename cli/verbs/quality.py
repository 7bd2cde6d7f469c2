from collections.abc import Iterator
from typing import Annotated

import typer

from cli.context import System, reach
from cli.show import Json, console, emit_json, say, table
from cli.usage_error import UsageError
from jobs.protocol.live import new_files, quality_since
from jobs.report.live_quality import (
    FELL,
    TOO_FEW,
    Counts,
    LiveQuality,
    Share,
)

COLUMNS = ("week", "#tickets", "#urgent", "precision", "recall", "false alarms")
Version = Annotated[
    int | None, typer.Argument(metavar="[VERSION]", help="Else the one that serves.")
]
SAYS = {
    FELL: "[red]Recall fell[/]: even its upper bound is below the promised {promised:.0%}.",
    TOO_FEW: "Too few urgent ones were labelled to say whether the promised {promised:.0%} holds.",
}
HOLDS = "The recall of {promised:.0%} that it promised may still hold."


def quality(version: Version = None, as_json: Json = False) -> None:
    """Precision, recall and false alarms on the tickets that people labelled, by week.

    Only labels count that came after the version was made, of tickets that its snapshot did not
    hold, each with its last label. Ranges are 95 % intervals. 'urgency feedback' gives labels.

    Examples: urgency quality; urgency quality 3 --json
    """
    found = quality_of(reach(), version)
    return emit_json(found.members()) if as_json else _show(found)


def quality_of(system: System, version: int | None) -> LiveQuality:
    """The live quality of a version, else of the one that serves. Raises UsageError."""
    registry = system.registry
    number = version or registry.current_release()[1].champion
    manifest = registry.manifest(number) if number else None
    if manifest is None:
        what = f"There is no version {version}" if version else "No version serves yet"
        raise UsageError(f"{what}; 'urgency models' lists all versions.")
    return quality_since(
        system.landing, registry, manifest, new_files(system.landing, registry, number)
    )


def _show(found: LiveQuality) -> None:
    if not found.total.tickets:
        return say(
            f"Nobody has labelled a ticket that version {found.version} did not know"
            f" ({found.learned:,} that it knew). Label some: urgency feedback labels.csv"
        )
    console().print(table("", COLUMNS, _rows(found)))
    verdict = SAYS.get(found.state, HOLDS).format(promised=found.promised)
    return say(
        f"Version {found.version}; {found.learned:,} labelled tickets that it knew are left out."
        f" {verdict}"
    )


def _rows(found: LiveQuality) -> Iterator[list[str]]:
    for week, counts in (*found.weeks.items(), ("all", found.total)):
        yield [week, f"{counts.tickets:,}", f"{counts.urgent:,}", *_shares(counts)]


def _shares(counts: Counts) -> Iterator[str]:
    for share in (counts.precision, counts.recall, counts.false_alarms):
        yield _percent(share)


def _percent(share: Share | None) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})" if share else "–"
