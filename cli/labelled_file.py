"""A file of labels -> tickets with a label each; where it has ids only, without a text."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from cli.tickets import Skip, Ticket, ticket_rows
from cli.usage_error import UsageError
from jobs.tickets.file_report import Problem
from jobs.tickets.labels import choose, read_labels, why_not
from jobs.tickets.limits import FileRefused
from jobs.tickets.reader import OpenFile, open_file
from jobs.tickets.rows import label_cells
from jobs.tickets.rules import Rules
from jobs.tickets.table import TEXTS
from urgency.feedback import OTHER, URGENT

NEEDED = (
    "A file of labels has a column of labels, and ids or texts beside it: its header says which."
)


class Row(NamedTuple):
    """A ticket, and what stands in each column that may be the label."""

    line: int
    ticket: Ticket
    labels: tuple[str, ...]


def labelled_tickets(stream: BinaryIO, rules: Rules, skip: Skip) -> list[Ticket]:
    """Each labelled row as a ticket with `label`, urgent or non-urgent. Raises UsageError.

    What the labels mean is decided once for the whole file, as in training.
    """
    try:
        opened = open_file(stream, rules)
        if not opened.table.labels or not {"ticket_id", *TEXTS} & opened.table.places.keys():
            raise UsageError(NEEDED)
        rows = list(_rows(opened, skip))
    except FileRefused as error:
        raise UsageError(f"Line {error.line} of the file: {error.reason}") from None
    table, found = opened.table, range(len(opened.table.labels))
    counts = [Counter(row.labels[place] for row in rows) for place in found]
    columns = (table.header[at] for at in table.labels)
    candidates = [read_labels(*pair, rules) for pair in zip(columns, counts, strict=True)]
    labels = choose(candidates)
    if reason := why_not(labels):
        raise UsageError(f"The file cannot be read: {reason}")
    place = candidates.index(labels)
    sides = [(row, labels.sides[row.labels[place]]) for row in rows]
    for row, side in sides:
        if side is None:
            skip(f"Line {row.line} is left out: it has no label that is understood.")
    return [
        row.ticket | {"label": URGENT if side else OTHER} for row, side in sides if side is not None
    ]


def _rows(opened: OpenFile, skip: Skip) -> Iterator[Row]:
    if any(text in opened.table.places for text in TEXTS):
        for rows in opened.rows():
            if isinstance(rows, Problem):
                skip(f"Line {rows.line} is left out: {rows.reason}")
            else:
                yield from map(Row, rows.line, ticket_rows(rows), rows.labels)
    else:
        yield from _ids(opened, skip)


def _ids(opened: OpenFile, skip: Skip) -> Iterator[Row]:
    """Rows of ids alone."""
    place, labels = opened.table.places["ticket_id"], opened.table.labels
    for found in opened.records:
        if isinstance(found, Problem):
            skip(f"Line {found.line} is left out: {found.reason}")
            continue
        said = zip(*(label_cells(found, at, opened.table) for at in labels), strict=True)
        for line, fields, cells in zip(found.lines, found.fields, said, strict=True):
            if name := fields[place].strip():
                yield Row(line, {"id": name}, cells)
            else:
                skip(f"Line {line} is left out: it has no id.")


def without_text(tickets: list[Ticket]) -> list[str]:
    """The ids of those that have no text."""
    return [ticket["id"] for ticket in tickets if not any(map(ticket.get, TEXTS))]
