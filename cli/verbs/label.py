import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.context import System, reach
from cli.show import Json, emit_json, plain, print_error, say
from cli.tickets import Ticket, open_local, without_label
from cli.usage_error import UsageError
from jobs.model.honest import read_honest
from jobs.report.wanted_labels import wanted_labels
from jobs.tickets.limits import FileRefused
from jobs.tickets.reader import open_file
from jobs.tickets.rules import Rules, rules_of
from jobs.tickets.split import text_hash
from jobs.tickets.table import TEXTS, what_is_missing
from urgency.bundle import HONEST, REFERENCE, Manifest
from urgency.reference import read_reference
from urgency.ticket import Ticket as NormalTicket
from urgency.ticket import same_text

COLUMNS = ("ticket_id", "title", "description", "source", "customer_tier", "label_urgency", "why")
FIELDS = ("id", "title", "description", "source", "customer_tier")

File = Annotated[
    Path | None, typer.Argument(help="Tickets without labels: any table; else what was dropped.")
]
Most = Annotated[int, typer.Option("--n", min=1, max=10_000, help="Tickets to label.")]
Output = Annotated[Path, typer.Option(help="Where they are written; never over another file.")]


def label(
    file: File = None, n: Most = 50, output: Output = Path("to_label.csv"), as_json: Json = False
) -> None:
    """Choose the tickets whose labels would teach the model most, and write them to fill in.

    A mix, the same each time: tickets nearest the cut, with words that training never saw, and from
    sources that have few labels. Write urgent or non-urgent into label_urgency, leave out what you
    do not know, and drop the file; it trains. Rows that have a label, or whose text the model has
    learned, are passed over. Without FILE they are chosen from the files that were dropped.

    Examples: urgency label; urgency label --n 20 export.xlsx --output next.csv
    """
    system = reach()
    if output.exists():
        raise UsageError(f"{output} is there already; name another file with --output.")
    tickets, serving = unlabelled_tickets(system, file), _serving(system)
    chosen = _chosen(system, serving, tickets, n)
    _write(output, chosen)
    reasons = Counter(why for _, why in chosen)
    if as_json:
        return emit_json({"file": str(output), "tickets": len(chosen), "why": dict(reasons)})
    told = ", ".join(f"{count:,} {why}" for why, count in reasons.most_common())
    return say(
        f"{len(chosen):,} of {len(tickets):,} tickets are in {plain(output)}: {told}. Fill in"
        f" label_urgency, then: urgency drop {plain(output)} --wait"
    )


def unlabelled_tickets(system: System, file: Path | None) -> list[Ticket]:
    """Rows without a label, of a file or of all that were dropped. Raises UsageError."""
    rules = rules_of(system.settings)
    if file is None:
        from cli.landed_tickets import landed_without_label  # it brings pandas

        tickets = landed_without_label(system.landing, rules)
        nothing = "Every ticket that was dropped has a label: name a file of tickets without one."
    else:
        with open_local(file) as stream:
            tickets = _of_file(stream, rules)
        nothing = f"Every ticket of {file} has a label; leave the label's column out."
    if not tickets:
        raise UsageError(nothing)
    return tickets


def _of_file(stream: BinaryIO, rules: Rules) -> list[Ticket]:
    try:
        opened = open_file(stream, rules)
        if not any(text in opened.table.places for text in TEXTS):
            raise UsageError(f"The file cannot be read: {what_is_missing(opened.table)}")
        return list(without_label(opened, skip=print_error))
    except FileRefused as error:
        raise UsageError(f"Line {error.line} of the file: {error.reason}") from None


def _serving(system: System) -> Manifest:
    version = system.registry.current_release()[1].champion
    manifest = system.registry.manifest(version) if version else None
    if manifest is None:
        raise UsageError("No version serves yet: label any tickets and drop them.")
    return manifest


def _chosen(
    system: System, serving: Manifest, tickets: Sequence[Ticket], most: int
) -> list[tuple[Ticket, str]]:
    """The tickets to label, each with why. Raises UsageError where all are learned already."""
    registry = system.registry
    learned = set(read_honest(registry.part(serving, HONEST)).key.tolist())
    normal = [(one, NormalTicket(*(one[field] for field in FIELDS[1:]))) for one in tickets]
    new = [pair for pair in normal if text_hash(same_text(pair[1])) not in learned]
    if not new:
        raise UsageError(f"Version {serving.version} has learned each of these tickets already.")
    has_reference = REFERENCE in serving.parts
    counts = read_reference(registry.part(serving, REFERENCE)).counts if has_reference else None
    sources = counts.categories["source"] if counts else {}
    bundle = registry.bundle(serving.version)
    wanted = wanted_labels([ticket for _, ticket in new], bundle, sources, most)
    return [(new[one.at][0], one.why) for one in wanted]


def _write(output: Path, chosen: Sequence[tuple[Ticket, str]]) -> None:
    with output.open("x", newline="", encoding="utf-8-sig") as stream:  # Excel asks for the mark
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for ticket, why in chosen:
            writer.writerow([*(ticket[field] for field in FIELDS), "", why])
