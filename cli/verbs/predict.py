"""urgency predict: ask the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.show import Json, complain, console, emit_json, plain, say, table
from urgency.ticket import normal_text

if TYPE_CHECKING:
    from rich.text import Text

REASONS_SHOWN = 5
TICKET_CHARACTERS = 300
SHOWN = 50
LABEL_STYLE = {"urgent": "bold red", "non-urgent": "green", "review": "yellow"}


def predict(
    what: Annotated[
        list[str], typer.Argument(metavar="TEXT... | FILE.json | FILE.csv | -", help="The tickets.")
    ],
    explain: Annotated[
        int, typer.Option(min=0, max=50, help="Reasons for each ticket.")
    ] = REASONS_SHOWN,
    as_json: Json = False,
) -> None:
    """Ask the prediction service how urgent tickets are, and why.

    Words are one ticket; a JSON file holds a ticket or {"instances": [...]}; a CSV has the columns
    of training, of which the label is not sent; - reads standard input. Words that speak for urgent
    are red, against it green.

    Examples: urgency predict "Production down, nobody can log in"; urgency predict data/bad.csv
    --explain 0
    """
    from cli.context import reach
    from cli.tickets import tickets_of

    tickets = tickets_of(what, complain)
    answer = reach().service.predict(tickets, explain)
    if as_json:
        return emit_json(answer)
    return show_predictions(tickets, answer)


def show_predictions(tickets: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    """Print a table of the first SHOWN predictions with their reasons."""
    made = table("", ["label", "#probability", "~ticket", "reasons"], [])
    pairs = list(zip(tickets, answer["predictions"], strict=True))
    for ticket, prediction in pairs[:SHOWN]:
        style = LABEL_STYLE[prediction["label"]]
        label, probability = (
            f"[{style}]{prediction['label']}[/]",
            f"{prediction['probability']:.1%}",
        )
        made.add_row(label, probability, highlighted(ticket, prediction), _reasons(prediction))
    console().print(made)
    for warning in sorted({warning for _, each in pairs for warning in each.get("warnings", [])}):
        say(f"[yellow]{plain(warning)}[/]")
    more = f"{len(pairs) - SHOWN:,} more are in --json. " if len(pairs) > SHOWN else ""
    model = answer["model"]
    urgent = sum(prediction["urgent"] for _, prediction in pairs)
    say(
        f"{more}{urgent:,} of {len(pairs):,} urgent, by version {model['version']} (epoch"
        f" {model['epoch']}); urgent from {model['threshold']:.1%}."
    )


def highlighted(ticket: dict[str, Any], prediction: dict[str, Any]) -> Text:
    """The beginning of the ticket, its telling words in colour."""
    from rich.text import Text

    shown = Text()
    for field in ("title", "description"):
        text = Text(normal_text(str(ticket.get(field) or "")))  # spans count in the normal form
        for reason in prediction.get("explanation", {}).get("reasons", []):
            if reason["field"] == field:
                text.stylize("red" if reason["weight"] > 0 else "green", *reason["span"])
        if text:
            shown.append("\n" if shown else "").append_text(text)
    if len(shown) > TICKET_CHARACTERS:
        shown.truncate(TICKET_CHARACTERS, overflow="ellipsis")
    return shown


def _reasons(prediction: dict[str, Any]) -> str:
    reasons = prediction.get("explanation", {}).get("reasons", [])
    return "\n".join(
        f"{reason['weight']:+.2f} {plain(reason['word'])}{_where(reason)}" for reason in reasons
    )


def _where(reason: dict[str, Any]) -> str:
    """The field, where it is not the text that one sees."""
    return "" if reason["field"] in ("title", "description") else f" [dim]({reason['field']})[/]"
