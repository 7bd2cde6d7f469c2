"""What a person wants predicted -> tickets as the service takes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cli.usage_error import Mistake

Ticket = dict[str, Any]
Skip = Callable[[str], None]
"""Called with why a row of a CSV is left out, by line; never with what it holds."""

LABEL = "label_urgency"
TAKEN = {"ticket_id": "id", "title": "title", "description": "description"} | {
    name: name for name in ("source", "customer_tier")
}
"""A CSV's column -> the ticket's member."""


def tickets_of(words: list[str], skip: Skip) -> list[Ticket]:
    """The tickets that the arguments mean: one file, `-` for standard input, a JSON, or words.
    Raises Mistake.
    """
    if words == ["-"]:
        return _from_text(sys.stdin.read(), "standard input", "description")
    file = Path(words[0])
    if len(words) == 1 and file.suffix.lower() == ".csv":
        with _opened(file) as stream:
            tickets = list(_from_csv(stream, skip))
        if not tickets:
            raise Mistake(f"{file} holds no ticket.")
        return tickets
    if len(words) == 1 and file.suffix.lower() == ".json":
        with _opened(file) as stream:
            return _from_json(stream.read().decode(errors="replace"), str(file))
    return _from_text(" ".join(words), "the argument", "title")


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}.") from None


def _from_text(text: str, where: str, field: str) -> list[Ticket]:
    """A JSON where it looks like one, else one ticket with these words in `field`."""
    return _from_json(text, where) if text.lstrip().startswith(("{", "[")) else [{field: text}]


def _from_json(text: str, where: str) -> list[Ticket]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Mistake(f"{where} is no JSON: {error}.") from None
    found = body.get("instances", [body]) if isinstance(body, dict) else body
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(ticket, dict) for ticket in found)
    ):
        raise Mistake(
            f'{where} holds no ticket; write {{"title": ...}} or {{"instances": [{{"title":'
            " ...}]}."
        )
    return found


def _from_csv(stream: BinaryIO, skip: Skip) -> Iterator[Ticket]:
    """Rows as training reads them, but that the label may lack and is not sent. Raises Mistake."""
    from jobs.tickets.file_report import Problem
    from jobs.tickets.lines import FileRefused, read_lines
    from jobs.tickets.records import read_records

    try:
        records = read_records(read_lines(stream))
        header = next(records, None)
        if header is None or isinstance(header, Problem):
            raise Mistake(
                f"The CSV has no header that can be read{f': {header.reason}' if header else '.'}"
            )
        places = _places(header.fields)
        for record in records:
            if isinstance(record, Problem):
                skip(f"Line {record.line} is left out: {record.reason}")
                continue
            ticket = {TAKEN[column]: record.fields[at] for column, at in places.items()}
            if problem := _problem(ticket):
                skip(f"Line {record.line} is left out: {problem}")
            else:
                yield ticket
    except FileRefused as error:
        raise Mistake(f"Line {error.line} of the CSV: {error.reason}") from None


def _problem(ticket: Ticket) -> str:
    """Why the service would refuse this ticket, and with it all that are sent beside it; empty
    where it would not.
    """
    from urgency.errors import BadTicket
    from urgency.ticket import normal_ticket

    texts = {
        name: ticket.get(name, "") for name in ("title", "description", "source", "customer_tier")
    }
    try:
        normal_ticket(**texts)
    except BadTicket as error:
        return str(error)
    return ""


def _places(fields: list[str]) -> dict[str, int]:
    from jobs.tickets.header import BadHeader, read_header

    try:
        header = read_header(fields)
    except BadHeader:
        try:
            header = read_header([*fields, LABEL])  # tickets to predict need no label
        except BadHeader as error:
            raise Mistake(f"The CSV cannot be read: {error}") from None
    return {column: at for column, at in header.places.items() if column in TAKEN}
