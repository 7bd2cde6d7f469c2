"""What a person wants predicted -> tickets as the service takes them."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cli.usage_error import UsageError
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused
from jobs.tickets.reader import OpenFile, open_file
from jobs.tickets.rows import Rows
from jobs.tickets.table import TEXTS, what_is_missing

Ticket = dict[str, Any]
Skip = Callable[[str], None]
"""Called with why a row of a file is left out, by line; never with what the row holds."""

FILES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".xlsx", ".xls", ".gz", ".zip")
"""Endings of files whose rows are tickets, read as training reads them."""

_SENT = ("title", "description", "source", "customer_tier")


def tickets_of(words: list[str], skip: Skip) -> list[Ticket]:
    """The tickets that the arguments mean: one file, `-` for standard input, a JSON, or words.

    Raises UsageError.
    """
    if words == ["-"]:
        return _from_text(sys.stdin.read(), "standard input", "description")
    file = Path(words[0])
    if len(words) == 1 and file.suffix.lower() in FILES:
        with open_local(file) as stream:
            tickets = list(_from_file(stream, skip))
        if not tickets:
            raise UsageError(f"{file} holds no ticket.")
        return tickets
    return _from_text(" ".join(words), "the argument", "title")


def ticket_rows(rows: Rows) -> Iterator[Ticket]:
    """Rows as the service takes them."""
    columns = {"id": rows.ticket_id} | {name: getattr(rows, name) for name in _SENT}
    for cells in zip(*columns.values(), strict=True):
        yield dict(zip(columns, cells, strict=True))


def without_label(opened: OpenFile, skip: Skip) -> Iterator[Ticket]:
    """The rows of a table that have no label. Raises FileRefused."""
    for rows in opened.rows():
        if isinstance(rows, Problem):
            skip(f"Line {rows.line} is left out: {rows.reason}")
        else:
            labelled = zip(ticket_rows(rows), rows.labels, strict=True)
            yield from (ticket for ticket, cells in labelled if not any(cells))


def open_local(file: Path) -> BinaryIO:
    """A file of this machine. Raises UsageError."""
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


def _from_file(stream: BinaryIO, skip: Skip) -> Iterator[Ticket]:
    """Rows as training reads them; a label is not needed and not sent. Raises UsageError."""
    try:
        opened = open_file(stream)
        if not any(text in opened.table.places for text in TEXTS):
            raise UsageError(f"The file cannot be read: {what_is_missing(opened.table)}")
        for rows in opened.rows():
            if isinstance(rows, Problem):
                skip(f"Line {rows.line} is left out: {rows.reason}")
                continue
            yield from ticket_rows(rows)
    except FileRefused as error:
        raise UsageError(f"Line {error.line} of the file: {error.reason}") from None
