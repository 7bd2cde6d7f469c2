from typing import Annotated, Any

import typer

from cli.context import System, reach
from cli.releases import loaded
from cli.show import Json, console, emit_json, metric, plain, say, table
from cli.trainer import trainer_here
from cli.usage_error import UsageError
from jobs.model.vectors import probabilities
from jobs.protocol.snapshots import list_landing
from jobs.report.comparison import Judged, comparison

METRICS = ("accuracy", "precision", "recall", "f1", "pr_auc", "roc_auc", "brier", "ece")
SIDES = ("a", "b")
CHANGES = {"to_urgent": "to urgent", "to_non_urgent": "to not urgent"}

First = Annotated[int, typer.Argument(min=1, metavar="A", help="A version.")]
Second = Annotated[int, typer.Argument(min=1, metavar="B", help="Another version.")]


def compare(first: First, second: Second, as_json: Json = False) -> None:
    """Compare versions A and B on the test tickets of today's files; write nothing.

    Neither learned from these tickets, since a ticket's side never changes.

    Example: urgency compare 1 2
    """
    found = compare_versions(reach(), first, second)
    return emit_json(found) if as_json else _show(found)


def compare_versions(system: System, first: int, second: int) -> dict[str, Any]:
    """Two versions on the same test tickets, read as training reads them. Raises UsageError."""
    if first == second:
        raise UsageError("That is one version; name two.")
    scorers = [loaded(system.registry, version) for version in (first, second)]
    tickets = trainer_here(system).read(list_landing(system.landing))
    test = ~tickets.learned
    if not test.any():
        raise UsageError("There is no test ticket in the landing bucket; drop more tickets.")
    corpus = tickets.corpus.take(test)
    a, b = (
        Judged(scorer.manifest.version, scorer.manifest.threshold, probabilities(scorer, corpus))
        for scorer in scorers
    )
    return comparison(tickets.data.columns.take(test), a, b)


def _show(found: dict[str, Any]) -> None:
    names = [f"version {found[side]['version']}" for side in SIDES]
    say(f"On {found['tickets']:,} test tickets of today's files; {found['urgent']:,} are urgent.")
    say(*(found[side]["in_short"] for side in SIDES))
    columns = ["", *(f"#{name}" for name in names), "#difference"]
    console().print(table("How good they are", columns, map(_metric_row(found), METRICS)))
    if difference := found["pr_auc_difference"]:
        span = f"{difference['low']:+.3f} to {difference['high']:+.3f}"
        say(f"PR-AUC differs by {difference['middle']:+.3f} (90 % interval {span}).")
    rows = [
        (words, *(f"{found['changed'][way][label]:,}" for label in ("urgent", "non_urgent")))
        for way, words in CHANGES.items()
    ]
    title = f"Tickets that {names[1]} calls otherwise than {names[0]}"
    console().print(table(title, ["", "#that are urgent", "#that are not"], rows))
    for column, slices in found["slices"].items():
        if len(slices) > 1:
            _show_slices(column, slices, [str(found[side]["version"]) for side in SIDES])


def _metric_row(found: dict[str, Any]) -> Any:
    def row(name: str) -> tuple[str, ...]:
        a, b = (found[side]["metrics"].get(name) for side in SIDES)
        difference = "–" if a is None or b is None else f"{b - a:+.3f}"
        return name, metric(a), metric(b), difference

    return row


def _show_slices(column: str, slices: dict[str, Any], versions: list[str]) -> None:
    names = [f"#{name} {version}" for name in ("recall", "precision") for version in versions]
    rows = (
        (
            plain(value),
            f"{each['a']['rows']:,.0f}",
            f"{each['a']['rows'] * each['a']['base_rate']:,.0f}",
            *(metric(each[side][name]) for name in ("recall", "precision") for side in SIDES),
        )
        for value, each in slices.items()
    )
    title = f"By {column.replace('_', ' ')}"
    console().print(table(title, ["", "#tickets", "#urgent", *names], rows))
