"""Tickets of the landing bucket, looked up by their ids: the newest row of each counts."""

from collections.abc import Collection, Iterator
from functools import partial
from typing import BinaryIO

from cli.tickets import Ticket, ticket_rows
from jobs.protocol.snapshots import list_landing
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused
from jobs.tickets.mapping import is_mapping, read_mappings
from jobs.tickets.reader import open_file
from jobs.tickets.rules import Rules
from urgency.errors import CorruptObject, Gone
from urgency.records import SourceFile
from urgency.store import ObjectStore


def tickets_by_id(landing: ObjectStore, ids: Collection[str], rules: Rules) -> dict[str, Ticket]:
    """Those of `ids` that are in a file, newest file first; a file that is none is passed over."""
    files = list_landing(landing)

    def opened(file: SourceFile) -> BinaryIO:
        return landing.open_at(file.name, file.generation)

    mappings = read_mappings([file for file in files if is_mapping(file.name)], opened)
    rules_for = partial(mappings.rules_for, base=rules)
    found: dict[str, Ticket] = {}
    for file in reversed(files):
        missing = set(ids) - found.keys()
        if not missing or is_mapping(file.name):
            continue
        try:
            with opened(file) as stream:
                own = dict(_named(stream, missing, rules_for(file.name)))
        except (FileRefused, CorruptObject, Gone):
            continue
        found |= own
    return found


def _named(stream: BinaryIO, ids: set[str], rules: Rules) -> Iterator[tuple[str, Ticket]]:
    for rows in open_file(stream, rules).rows():
        if not isinstance(rows, Problem) and not ids.isdisjoint(rows.ticket_id):
            yield from ((row["id"], row) for row in ticket_rows(rows) if row["id"] in ids)
