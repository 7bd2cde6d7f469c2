from typing import Annotated

import typer

from cli.context import reach
from cli.predictions import REASONS_SHOWN, show_predictions
from cli.show import Json, emit_json, print_error
from cli.tickets import tickets_of

What = Annotated[list[str], typer.Argument(metavar="TEXT... | FILE | -", help="The tickets.")]
Explain = Annotated[int, typer.Option(min=0, max=50, help="Reasons for each ticket.")]


def predict(what: What, explain: Explain = REASONS_SHOWN, as_json: Json = False) -> None:
    """Ask the prediction service how urgent tickets are, and why.

    Words are one ticket; a .json file holds a ticket or {"instances": [...]}; a .csv, .tsv, .txt,
    .xlsx, .xls, .jsonl or .gz file is read as in training, and its label is not sent; - reads
    standard input. Words that speak for urgent are red, words against it green.

    Examples: urgency predict "Production down, nobody can log in"; urgency predict data/bad.csv
    --explain 0
    """
    tickets = tickets_of(what, print_error)
    answer = reach().service.predict(tickets, explain)
    return emit_json(answer) if as_json else show_predictions(tickets, answer)
