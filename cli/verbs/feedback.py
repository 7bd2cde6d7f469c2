from pathlib import Path
from typing import Annotated, Any

import typer

from cli.context import System, reach_to_change
from cli.labelled_file import labelled_tickets, without_text
from cli.show import Json, emit_json, plain, print_error, say
from cli.tickets import FILES, Ticket, open_local, tickets_of
from cli.usage_error import UsageError
from jobs.tickets.rules import Rules, rules_of

What = Annotated[list[str], typer.Argument(metavar="TEXT... | FILE | -", help="The tickets.")]
Label = Annotated[str, typer.Option(help="urgent or non-urgent; not for a table of labels.")]
Id = Annotated[str, typer.Option("--id", help="The ticket's id, as its exports write it.")]
By = Annotated[str, typer.Option(help="Who says so; else the identity that runs this.")]
IDS_SHOWN = 5


def feedback(
    what: What, label: Label = "", ticket_id: Id = "", by: By = "", as_json: Json = False
) -> None:
    """Say whether tickets are urgent; the next training learns from it.

    Words are one ticket, a .json file holds tickets; both need --label. A .csv or any other table
    has its labels in a column, beside texts or ids; tickets of ids alone are looked up in the files
    that were dropped. What a person says wins over what an export says of the same ticket. Send
    what was right as well as what was wrong, or 'urgency quality' sees mistakes only.

    Examples: urgency feedback "Checkout is down" --label urgent; urgency feedback labels.csv
    """
    system = reach_to_change()
    labelled = _labelled(system, what, label, ticket_id)
    who = by or system.who()
    warnings = system.service.feedback([ticket | {"by": who} for ticket in labelled])
    if as_json:
        return emit_json({"published": len(labelled), "warnings": warnings})
    for warning in warnings:
        say(f"[yellow]{plain(warning)}[/]")
    kept = "1 label is" if len(labelled) == 1 else f"{len(labelled):,} labels are"
    return say(
        f"{kept} kept. The next dropped file or the first run of tomorrow (UTC) learns from them."
    )


def _labelled(system: System, what: list[str], label: str, ticket_id: str) -> list[dict[str, Any]]:
    """Tickets with a label and a text. Raises UsageError."""
    if len(what) == 1 and Path(what[0]).suffix.lower() in FILES:
        if label or ticket_id:
            raise UsageError("A table says label and id itself: leave out --label and --id.")
        rules = rules_of(system.settings)
        with open_local(Path(what[0])) as stream:
            tickets = labelled_tickets(stream, rules, skip=print_error)
        ids = without_text(tickets)
        return _with_texts(tickets, _landed(system, ids, rules)) if ids else tickets
    if not label:
        raise UsageError("Say --label urgent or --label non-urgent.")
    tickets = tickets_of(what, skip=print_error)
    if ticket_id and len(tickets) > 1:
        raise UsageError(f"--id is the id of one ticket; here are {len(tickets):,}.")
    own = {"label": label} | ({"id": ticket_id} if ticket_id else {})
    return [ticket | own for ticket in tickets]


def _landed(system: System, ids: list[str], rules: Rules) -> dict[str, Ticket]:
    from cli.landed_tickets import tickets_by_id  # it reads files; labels with texts need none

    return tickets_by_id(system.landing, ids, rules)


def _with_texts(
    tickets: list[dict[str, Any]], known: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    if missing := [name for name in without_text(tickets) if name not in known]:
        some = ", ".join(missing[:IDS_SHOWN]) + (", ..." if len(missing) > IDS_SHOWN else "")
        raise UsageError(
            f"No file that was dropped has these {len(missing):,} ids: {some}. Nothing was sent;"
            " give a title or description beside them, or leave the rows out."
        )
    return [known[ticket["id"]] | {"label": ticket["label"]} for ticket in tickets]
