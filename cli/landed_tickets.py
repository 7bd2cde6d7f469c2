"""Tickets of the landing bucket: looked up by their ids, or those that have no label."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import BinaryIO, TypeVar

from cli.tickets import Ticket, ticket_rows, without_label
from jobs.protocol.snapshots import list_landing
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused
from jobs.tickets.mapping import is_mapping, read_mappings
from jobs.tickets.reader import OpenFile, open_file
from jobs.tickets.rules import Rules
from urgency.errors import CorruptObject, Gone
from urgency.records import SourceFile
from urgency.store import ObjectStore

Found = TypeVar("Found")


def tickets_by_id(landing: ObjectStore, ids: Collection[str], rules: Rules) -> dict[str, Ticket]:
    """Those of `ids` that are in a file: the newest row of each counts."""
    found: dict[str, Ticket] = {}
    for own in _each_file(landing, rules, lambda file: _named(file, set(ids) - found.keys())):
        found.update(own)
        if found.keys() >= set(ids):
            break
    return found


def landed_without_label(landing: ObjectStore, rules: Rules) -> list[Ticket]:
    """The rows that have a text and no label, newest file first."""
    found = _each_file(landing, rules, lambda file: without_label(file, skip=lambda _why: None))
    return [ticket for own in found for ticket in own]


def _each_file(
    landing: ObjectStore, rules: Rules, read: Callable[[OpenFile], Iterable[Found]]
) -> Iterator[list[Found]]:
    """What `read` gives of each file, newest first; a file that is none is passed over."""
    files = list_landing(landing)

    def opened(file: SourceFile) -> BinaryIO:
        return landing.open_at(file.name, file.generation)

    mappings = read_mappings([file for file in files if is_mapping(file.name)], opened)
    rules_for = partial(mappings.rules_for, base=rules)
    for file in reversed(files):
        if is_mapping(file.name):
            continue
        try:
            with opened(file) as stream:
                own = list(read(open_file(stream, rules_for(file.name))))
        except (FileRefused, CorruptObject, Gone):
            continue
        yield own


def _named(opened: OpenFile, ids: set[str]) -> Iterator[tuple[str, Ticket]]:
    for rows in opened.rows():
        if not isinstance(rows, Problem) and not ids.isdisjoint(rows.ticket_id):
            yield from ((row["id"], row) for row in ticket_rows(rows) if row["id"] in ids)
