"""What a person wants predicted -> tickets as the service takes them."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cli.usage_error import UsageError
from jobs.tickets.file_report import Problem
from jobs.tickets.header import BadHeader, read_header
from jobs.tickets.lines import FileRefused, read_lines
from jobs.tickets.records import read_records
from urgency.errors import BadTicket
from urgency.ticket import normal_ticket

Ticket = dict[str, Any]
Skip = Callable[[str], None]
"""Called with why a row of a CSV is left out, by line; never with what the row holds."""

LABEL = "label_urgency"
TEXTS = ("title", "description", "source", "customer_tier")
MEMBERS = {"ticket_id": "id"} | {name: name for name in TEXTS}
"""A CSV's column -> the ticket's member."""


def tickets_of(words: list[str], skip: Skip) -> list[Ticket]:
    """The tickets that the arguments mean: one file, `-` for standard input, a JSON, or words.

    Raises UsageError.
    """
    if words == ["-"]:
        return _from_text(sys.stdin.read(), "standard input", "description")
    file = Path(words[0])
    if len(words) == 1 and file.suffix.lower() == ".csv":
        with _open(file) as stream:
            tickets = list(_from_csv(stream, skip))
        if not tickets:
            raise UsageError(f"{file} holds no ticket.")
        return tickets
    if len(words) == 1 and file.suffix.lower() == ".json":
        with _open(file) as stream:
            return _from_json(stream.read().decode(errors="replace"), str(file))
    return _from_text(" ".join(words), "the argument", "title")


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None


def _from_text(text: str, where: str, field: str) -> list[Ticket]:
    """A JSON where it looks like one, else one ticket with these words in `field`."""
    return _from_json(text, where) if text.lstrip().startswith(("{", "[")) else [{field: text}]


def _from_json(text: str, where: str) -> list[Ticket]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{where} is no JSON: {error}.") from None
    found = body.get("instances", [body]) if isinstance(body, dict) else body
    is_list = isinstance(found, list) and found
    if not is_list or not all(isinstance(ticket, dict) for ticket in found):
        forms = '{"title": ...} or {"instances": [{"title": ...}]}'
        raise UsageError(f"{where} holds no ticket; write {forms}.")
    return list(found)


def _from_csv(stream: BinaryIO, skip: Skip) -> Iterator[Ticket]:
    """Rows as training reads them; a label is not needed and not sent. Raises UsageError."""
    try:
        records = read_records(read_lines(stream))
        header = next(records, None)
        if header is None or isinstance(header, Problem):
            why = f": {header.reason}" if header else "."
            raise UsageError(f"The CSV has no header that can be read{why}")
        places = _places(header.fields)
        for record in records:
            if isinstance(record, Problem):
                skip(f"Line {record.line} is left out: {record.reason}")
                continue
            ticket = {MEMBERS[column]: record.fields[at] for column, at in places.items()}
            if problem := _problem(ticket):
                skip(f"Line {record.line} is left out: {problem}")
            else:
                yield ticket
    except FileRefused as error:
        raise UsageError(f"Line {error.line} of the CSV: {error.reason}") from None


def _problem(ticket: Ticket) -> str:
    """Why the service would refuse a whole request with this ticket; empty where it takes it."""
    texts = {"title": "", "description": ""} | ticket
    try:
        normal_ticket(**{name: text for name, text in texts.items() if name in TEXTS})
    except BadTicket as error:
        return str(error)
    return ""


def _places(fields: list[str]) -> dict[str, int]:
    try:
        header = read_header(fields)
    except BadHeader:
        try:
            header = read_header([*fields, LABEL])  # tickets to predict need no label
        except BadHeader as error:
            raise UsageError(f"The CSV cannot be read: {error}") from None
    return {column: at for column, at in header.places.items() if column in MEMBERS}
