"""Which column of a table is what: by its name and, where names leave a choice, by its cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from jobs.tickets.dialect import Dialect
from jobs.tickets.header import names_labels
from jobs.tickets.prose import text_column
from jobs.tickets.rules import LABEL, OWN_RANK, TAGS_RANK, Rules
from urgency.vocabulary import is_null

NAME_MOST, SHOWN_MOST = 60, 40
"""Characters of a name, and names, that are repeated to a file's owner."""

_PRIVATE = re.compile(r"\d\d\d|@")
TEXTS = ("title", "description")
_CATEGORIES = ("source", "customer_tier")  # they say the same of many tickets


@dataclass(frozen=True, slots=True)
class Table:
    """Where everything stands. `begin` counts the lines above the first row.

    `places`: role -> column; `labels`: every column that may be the label, the preferred one first;
    `has_tags`: these list tags, and only some of them may say how urgent a ticket is;
    `names_labels`: what stands below a label's name are labels, so the names are names.
    """

    dialect: Dialect
    begin: int
    header: tuple[str, ...]
    places: dict[str, int]
    labels: tuple[int, ...]
    has_tags: bool = False
    names_labels: bool = False

    @property
    def serves(self) -> bool:
        """Whether there are a text and a label."""
        return bool(self.labels) and any(text in self.places for text in TEXTS)

    @property
    def is_header(self) -> bool:
        """Whether its names are names: one known word may be a cell of somebody's row."""
        return self.names_labels or (self.known > 1 and bool(self.places))

    @property
    def known(self) -> int:
        """How many columns have a known name."""
        return len(self.places) + len(self.labels)


def table_of_names(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    rules: Rules,
    dialect: Dialect = Dialect(),  # noqa: B008  immutable
) -> Table:
    """What columns with these names are; `rows`: some of those below them."""
    found: dict[str, list[tuple[int, int]]] = {}
    for column, name in enumerate(names):
        if known := rules.role_of(name):
            role, rank = known
            found.setdefault(role, []).append((rank, column))
    labels, has_tags = _labels(found.pop(LABEL, ()))
    places = {role: _preferred(role, sorted(columns), rows) for role, columns in found.items()}
    is_named = not has_tags and any(
        names_labels(names[at], _cells(rows, at), rules) for at in labels
    )
    if is_named and not any(text in places for text in TEXTS):
        others = _unknown(names, {*places.values(), *labels}, rules)
        if (text := text_column(names, others, rows)) is not None:
            places["description"] = text
    header = tuple(map(one_line, names))
    return Table(dialect, 1, header, places, labels, has_tags, is_named)


def _cells(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    return [row[column] for row in rows if column < len(row)]


def _unknown(names: Sequence[str], known: Collection[int], rules: Rules) -> list[int]:
    """Columns that neither the vocabulary nor the file's owner says anything about."""
    return [at for at, name in enumerate(names) if at not in known and not rules.is_own_name(name)]


def _labels(columns: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], bool]:
    """The columns with a rank each that may be the label, and whether they list tags."""
    ranked = sorted(columns)
    said = [column for rank, column in ranked if rank < TAGS_RANK]
    return (tuple(said), False) if said else (tuple(column for _, column in ranked), bool(ranked))


def _preferred(role: str, columns: Sequence[tuple[int, int]], rows: Sequence[Sequence[str]]) -> int:
    """Of columns with their ranks, the first that says at least half of what another one says.

    "Title" beside "Subject" may be the job of whoever wrote, and a column may be empty. Who names a
    column for a role means it.
    """
    if len(columns) == 1 or columns[0][0] == OWN_RANK:
        return columns[0][1]

    def says(column: int) -> int:
        filled = [cell for cell in _cells(rows, column) if not is_null(cell)]
        return len(filled if role in _CATEGORIES else set(filled))

    said = {column: says(column) for _, column in columns}
    return next(column for column in said if 2 * said[column] >= max(said.values()))


def one_line(name: str) -> str:
    """A name as it may be repeated to its owner: printable, on one line, cut."""
    if not name.isprintable():
        name = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(name.split())[:NAME_MOST]


def is_showable_name(name: str) -> bool:
    """Whether a column's name may be repeated: it is not empty and holds no number or address."""
    return bool(name) and not _PRIVATE.search(name)


def what_is_missing(table: Table) -> str:
    """What a header lacks and what it has; a first line without any known name is not quoted."""
    if not table.is_header:
        cells = f"{len(table.header):,} cell" + ("s" if len(table.header) > 1 else "")
        return (
            f"the first line has {cells} and they are not column names. It must name the columns:"
            " a title or description, and the label (priority or urgency)."
        )
    missing = [] if any(text in table.places for text in TEXTS) else ["title or description"]
    missing += [] if table.labels else ["label (priority or urgency)"]
    read = [f"{names(table, [at])} is read as {role}" for role, at in table.places.items()]
    read += [f"{names(table, [at])} as the label" for at in table.labels]
    others = unused(table)
    rest = f" Not known: {names(table, others)}." if others else ""
    if any(separator in table.header[at] for at in others for separator in ";|\t"):
        rest += " A column name holds another separator: are two kinds mixed in this file?"
    return f"the header has no {' and no '.join(missing)}. {'; '.join(read)}.{rest}"


def unused(table: Table) -> list[int]:
    """Columns that are not read and whose names may be repeated."""
    used = {*table.places.values(), *table.labels}
    return [at for at, name in enumerate(table.header) if at not in used and is_showable_name(name)]


def names(table: Table, columns: Sequence[int]) -> str:
    """The names of these columns, the first of them where there are many."""
    names = [table.header[at] for at in columns if table.header[at]]
    more = f" and {len(names) - SHOWN_MOST:,} more" if len(names) > SHOWN_MOST else ""
    return ", ".join(names[:SHOWN_MOST]) + more
