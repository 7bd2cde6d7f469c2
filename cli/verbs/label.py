import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.context import System, reach
from cli.show import Json, emit_json, plain, print_error, say
from cli.tickets import Skip, Ticket, open_local, ticket_rows
from cli.usage_error import UsageError
from jobs.report.wanted_labels import Wanted, wanted_labels
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused
from jobs.tickets.reader import open_file
from jobs.tickets.rules import Rules, rules_of
from jobs.tickets.table import TEXTS, what_is_missing
from urgency.bundle import METRICS
from urgency.ticket import Ticket as NormalTicket

COLUMNS = ("ticket_id", "title", "description", "source", "customer_tier", "label_urgency", "why")
FIELDS = ("id", "title", "description", "source", "customer_tier")

File = Annotated[Path, typer.Argument(help="Tickets without labels: any table that is read here.")]
Most = Annotated[int, typer.Option("--n", min=1, max=10_000, help="Tickets to label.")]
Output = Annotated[Path, typer.Option(help="Where they are written; never over another file.")]


def label(
    file: File, n: Most = 50, output: Output = Path("to_label.csv"), as_json: Json = False
) -> None:
    """Choose the tickets whose labels would teach the model most, and write them to fill in.

    A mix, the same each time: tickets nearest the cut, with words that training never saw, and from
    sources that have few labels. Write urgent or non-urgent into label_urgency, leave out what you
    do not know, and drop the file; it trains. Rows that have a label already are passed over.

    Examples: urgency label tickets_open.csv; urgency label --n 20 export.xlsx --output next.csv
    """
    system = reach()
    if output.exists():
        raise UsageError(f"{output} is there already; name another file with --output.")
    with open_local(file) as stream:
        tickets = unlabelled_tickets(stream, rules_of(system.settings), skip=print_error)
    if not tickets:
        raise UsageError(f"Every ticket of {file} has a label; leave the label's column out.")
    chosen = _chosen(system, tickets, n)
    _write(output, tickets, chosen)
    reasons = Counter(one.why for one in chosen)
    if as_json:
        return emit_json({"file": str(output), "tickets": len(chosen), "why": dict(reasons)})
    told = ", ".join(f"{count:,} {why}" for why, count in reasons.most_common())
    return say(
        f"{len(chosen):,} of {len(tickets):,} tickets are in {plain(output)}: {told}. Fill in"
        f" label_urgency, then: urgency drop {plain(output)} --wait"
    )


def unlabelled_tickets(stream: BinaryIO, rules: Rules, skip: Skip) -> list[Ticket]:
    """The rows that have a text and no label. Raises UsageError."""
    try:
        opened = open_file(stream, rules)
        if not any(text in opened.table.places for text in TEXTS):
            raise UsageError(f"The file cannot be read: {what_is_missing(opened.table)}")
        found: list[Ticket] = []
        for rows in opened.rows():
            if isinstance(rows, Problem):
                skip(f"Line {rows.line} is left out: {rows.reason}")
            else:
                labelled = zip(ticket_rows(rows), rows.labels, strict=True)
                found += [ticket for ticket, cells in labelled if not any(cells)]
        return found
    except FileRefused as error:
        raise UsageError(f"Line {error.line} of the file: {error.reason}") from None


def _chosen(system: System, tickets: Sequence[Ticket], most: int) -> list[Wanted]:
    version = system.registry.current_release()[1].champion
    manifest = system.registry.manifest(version) if version else None
    if manifest is None:
        raise UsageError("No version serves yet: label any tickets and drop them.")
    slices = json.loads(system.registry.part(manifest, METRICS)).get("slices", {})
    learned = {value: each["rows"] for value, each in slices.get("source", {}).items()}
    normal = [NormalTicket(*(ticket[field] for field in FIELDS[1:])) for ticket in tickets]
    return wanted_labels(normal, system.registry.bundle(version), learned, most)


def _write(output: Path, tickets: Sequence[Ticket], chosen: Sequence[Wanted]) -> None:
    with output.open("x", newline="", encoding="utf-8-sig") as stream:  # Excel asks for the mark
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for one in chosen:
            writer.writerow([*(tickets[one.at][field] for field in FIELDS), "", one.why])
