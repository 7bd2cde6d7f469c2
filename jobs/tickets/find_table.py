"""The first lines of a file -> how it is to be read: dialect, header, and which column is what.

All three are decided together and once for the whole file: the right separator is the one under
which the header has known names and most records have one width.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jobs.tickets.dialect import Dialect, is_surplus_empty
from jobs.tickets.header import is_row
from jobs.tickets.limits import FileRefused
from jobs.tickets.rules import Rules
from jobs.tickets.table import Table, table_of_names
from urgency.vocabulary import role_of

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
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED = {
    quote: re.compile(f"[,;\t|¤] *{quote}[^{quote}]*{quote} *(?:[,;\t|¤]|$)") for quote in "\"'"
}
"""A quoted field, in a line behind a separator: so every match begins with one."""

_SINGLE_QUOTED = 0.2
"""Share of lines with a field in single quotes from which these are the file's quotes."""

_HEALED = 3
"""Records that backslashes must make readable before they count as escapes."""


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
    records = _with_name_of_numbers(list(_records(sample, dialect)))
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


def _with_name_of_numbers(
    records: list[tuple[int, list[str]]],
) -> list[tuple[int, list[str]]]:
    """The records, the first with an empty name in front where the others are numbered from 1.

    R writes the names of rows so, a field more than the header has. It is not a comma too many in a
    text if no name can be that of the numbers.
    """
    (begin, names), *rows = records or [(0, [])]
    numbers = [cells[0] for _, cells in rows if len(cells) == len(names) + 1]
    is_numbered = len(rows) > 1 and numbers == [*map(str, range(1, len(rows) + 1))]
    if names and is_numbered and role_of(names[0]) != "ticket_id":
        return [(begin, ["", *names]), *rows]
    return records


_Records = Sequence[tuple[int, Sequence[str]]]
"""Where each begins, and its fields."""


def _first_table(head: _Records, records: _Records, dialect: Dialect, rules: Rules) -> Table:
    """The first line of the head that serves, else the one with most known names."""
    tables = []
    for begin, fields in head:
        rows = [cells for _, cells in records if cells is not fields]
        table = replace(table_of_names(fields, rows, rules, dialect), begin=begin)
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
