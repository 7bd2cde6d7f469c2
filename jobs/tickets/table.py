"""The first lines of a file -> how it is to be read: dialect, header, and which column is what.

All three are decided together and once for the whole file: the right separator is the one under
which the header has known names and most records have one width.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from jobs.tickets.dialect import Dialect, is_surplus_empty
from jobs.tickets.header import is_row, names_labels
from jobs.tickets.limits import FileRefused
from jobs.tickets.prose import text_column
from jobs.tickets.rules import LABEL, OWN_RANK, TAGS_RANK, Rules
from urgency.vocabulary import is_null

SAMPLE_LINES, SAMPLE_CHARACTERS = 500, 1_000_000
HEADER_LINES = 20
"""The header is one of so many first lines; what stands above it is a preamble."""

SEPARATORS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "vertical bar",
    "¤": "currency sign",
}
NAME_MOST, SHOWN_MOST = 60, 40
"""Characters of a name, and names, that are repeated to a file's owner."""

_PRIVATE = re.compile(r"\d\d\d|@")
TEXTS = ("title", "description")
_CATEGORIES = ("source", "customer_tier")  # they say the same of many tickets

_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED = {
    quote: re.compile(f"[,;\t|¤] *{quote}[^{quote}]*{quote} *(?:[,;\t|¤]|$)") for quote in "\"'"
}
"""A quoted field, in a line behind a separator: so every match begins with one."""

_SINGLE_QUOTED = 0.2
"""Share of lines with a field in single quotes from which these are the file's quotes."""

_HEALED = 3
"""Records that backslashes must make readable before they count as escapes."""


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


def find_table(lines: Sequence[str], rules: Rules) -> Table:
    """How the file that begins with these lines is to be read; it may lack a text or a label.

    Raises FileRefused where there is nothing in it.
    """
    skipped, separators = 0, tuple(SEPARATORS)
    if lines and (line := _SEP_LINE.fullmatch(lines[0])):
        skipped, separators = 1, (line[1],)
    sample = lines[skipped:]
    if not any(map(str.strip, sample)):
        raise FileRefused(1, "the file is empty.")
    quoting = [Dialect(separator, _quote(sample)) for separator in separators]
    plain = _best(sample, quoting, rules)
    best = plain
    if any("\\" in line for line in sample):
        escaping = _best(sample, [replace(dialect, escapes=True) for dialect in quoting], rules)
        best = escaping if escaping.good >= plain.good + _HEALED else plain
    table = best.table
    return replace(table, begin=table.begin + skipped)


def _quote(sample: Sequence[str]) -> str:
    """The double quote, but where many lines have fields in single ones and fewer in double ones.

    Looked up in the lines, since one open quote hides all that follows from a reader.
    """
    lines = [f",{line}" for line in sample]
    double, single = (sum(map(bool, map(_QUOTED[quote].search, lines))) for quote in "\"'")
    return "'" if single > max(double, _SINGLE_QUOTED * len(sample)) else '"'


def table_of_rows(rows: Sequence[Sequence[str]], rules: Rules) -> Table:
    """The same for rows that are split already."""
    numbered = list(enumerate(rows))
    table = _first_table(numbered, numbered, Dialect(), rules)
    return replace(table, begin=table.begin + 1)


def table_of_names(names: Sequence[str], rows: Sequence[Sequence[str]], rules: Rules) -> Table:
    """The same for names that surely are names, and the first rows below them."""
    return _table(names, 1, Dialect(), rules, rows)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a dialect makes of the sample: `good` records after the header have its width."""

    table: Table
    good: int
    records: int

    @property
    def rank(self) -> tuple[bool, int, bool, float, bool]:
        header = self.table.header
        leftover = any(name.strip().startswith(("'", '"')) for name in header)
        share = self.good / max(1, self.records)
        return self.table.serves, self.table.known, not leftover, share, len(header) > 1


def _best(sample: Sequence[str], dialects: Sequence[Dialect], rules: Rules) -> _Reading:
    readings = [_reading(sample, dialect, rules) for dialect in dialects]
    return max(readings, key=lambda reading: reading.rank)


def _reading(sample: Sequence[str], dialect: Dialect, rules: Rules) -> _Reading:
    records = list(_records(sample, dialect))
    head = [record for record in records if record[0] < HEADER_LINES] or [(0, [*sample[:1]])]
    table = _first_table(head, records, dialect, rules)
    width = len(table.header)
    rows = [fields for begin, fields in records if begin > table.begin]
    good = sum(len(fields) == width or is_surplus_empty(fields, width) for fields in rows)
    all_quoted = all(
        sample[begin].lstrip().startswith(dialect.quote)
        for begin, fields in records
        if begin >= table.begin and fields
    )
    found = replace(table, begin=table.begin + 1, dialect=replace(dialect, all_quoted=all_quoted))
    return _Reading(found, good, len(rows))


def _records(sample: Sequence[str], dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Each record that has something in it, bad ones without fields, and where it begins."""
    reader = csv.reader((line + "\n" for line in sample), strict=True, **dialect.options)
    begin = 0
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = []
        if any(map(str.strip, fields)) or (not fields and sample[begin].strip()):
            yield begin, fields
        begin = reader.line_num


_Records = Sequence[tuple[int, Sequence[str]]]
"""Where each begins, and its fields."""


def _first_table(head: _Records, records: _Records, dialect: Dialect, rules: Rules) -> Table:
    """The first line of the head that serves, else the one with most known names."""
    tables = []
    for begin, fields in head:
        rows = [cells for _, cells in records if cells is not fields]
        table = _table(fields, begin, dialect, rules, rows)
        if table.is_header and _is_row(fields, table, records, rules):
            table = replace(table, places={}, labels=(), names_labels=False)
        if table.serves:
            return table
        tables.append(table)
    return max(tables, key=lambda table: table.known)


def _is_row(fields: Sequence[str], table: Table, records: _Records, rules: Rules) -> bool:
    """Whether a line with known names is a ticket; what its owner named is a name."""
    if any(map(rules.is_own_name, fields)):
        return False
    known = {*table.places.values(), *table.labels}
    return is_row(fields, known, table.labels, (cells for _, cells in records), rules)


def _table(
    names: Sequence[str],
    begin: int,
    dialect: Dialect,
    rules: Rules,
    rows: Sequence[Sequence[str]],
) -> Table:
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
    return Table(dialect, begin, header, places, labels, has_tags, is_named)


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
