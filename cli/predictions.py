"""Predictions as a table: label, probability, the ticket with its telling words, the reasons."""

from typing import Any

from rich.text import Text

from cli.show import console, plain, say, table

REASONS_SHOWN = 5
TICKET_CHARACTERS = 300
SHOWN = 50
LABEL_STYLE = {"urgent": "bold red", "non-urgent": "green", "review": "yellow"}


def show_predictions(tickets: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    """Print the first SHOWN predictions with their reasons, and a sentence about all of them."""
    made = table("", ["label", "#probability", "~ticket", "reasons"], [])
    pairs = list(zip(tickets, answer["predictions"], strict=True))
    for ticket, prediction in pairs[:SHOWN]:
        label = f"[{LABEL_STYLE[prediction['label']]}]{prediction['label']}[/]"
        probability = f"{prediction['probability']:.1%}"
        made.add_row(label, probability, highlighted(ticket, prediction), _reasons(prediction))
    console().print(made)
    for warning in sorted({warning for _, each in pairs for warning in each.get("warnings", [])}):
        say(f"[yellow]{plain(warning)}[/]")
    more = f"{len(pairs) - SHOWN:,} more are in --json. " if len(pairs) > SHOWN else ""
    model, urgent = answer["model"], sum(prediction["urgent"] for _, prediction in pairs)
    say(
        f"{more}{urgent:,} of {len(pairs):,} urgent, by version {model['version']} (epoch"
        f" {model['epoch']}); urgent from {model['threshold']:.1%}."
    )


def highlighted(ticket: dict[str, Any], prediction: dict[str, Any]) -> Text:
    """The beginning of the ticket; words that speak for urgent are red, against it green."""
    reasons = prediction.get("explanation", {}).get("reasons", [])
    shown = Text()
    for field in ("title", "description"):
        text = Text(str(ticket.get(field) or ""))
        for reason in reasons:
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
        f"{each['weight']:+.2f} {plain(each['word'])}{_where(each)}" for each in reasons
    )


def _where(reason: dict[str, Any]) -> str:
    """The field, where it is not the text that one sees."""
    return "" if reason["field"] in ("title", "description") else f" [dim]({reason['field']})[/]"
