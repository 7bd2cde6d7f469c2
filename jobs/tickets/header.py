"""Whether a line with known column names in it is a header after all, or somebody's ticket.

A ticket may be called "Description" and say "Priority". The other rows tell: the cells of a row are
of the kinds that its columns have, and those of a header are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from jobs.tickets.rules import Rules
from urgency.vocabulary import is_null, side_of

_ROWS_MOST = 100
"""Other rows that are looked at."""

_SAME_KIND = 0.9
"""Share of a column's cells that have a kind, from which it is the column's kind."""

_LONG = 60
"""Characters from which a cell is a text."""

_DIGITS = re.compile(r"\d+")


def is_row(
    cells: Sequence[str],
    known: Collection[int],
    labels: Collection[int],
    rows: Iterable[Sequence[str]],
    rules: Rules,
) -> bool:
    """Whether `cells` are one of the `rows` of the table that they stand in, and no header.

    known: columns with known names, among them `labels`. Each column has a vote: a cell of its
    column's kind is one for a row, a known name one for a header. In doubt it is a header where no
    cell is of its column's kind.
    """
    others = [row for row in rows if len(row) == len(cells) and not _is_repeated(cells, row)]
    others = others[:_ROWS_MOST]
    like_rows, like_names = 0, 0
    for column, cell in enumerate(map(str.strip, cells)):
        values = [value for row in others if (value := row[column].strip())]
        kinds = set(values)
        if _is_of_kind(cell, values):
            # A column "Urgent" may say urgent or not urgent, and no more than that.
            like_rows += column not in labels or len(kinds) > 2
        elif column in labels:
            like_names += _repeat(values) or _are_labels(kinds, cell, rules)
        else:
            like_names += column in known
    return like_rows > 0 and like_rows >= like_names


def names_labels(name: str, cells: Sequence[str], rules: Rules) -> bool:
    """Whether a label's name stands above labels, and is no label of that column itself."""
    values = {value for cell in cells if (value := cell.strip())}
    if name.strip() in values or side_of(name) is not None or len(values) > len(cells) / 2:
        return False
    return bool(values) and _are_labels(values, name, rules)


def _is_repeated(cells: Sequence[str], row: Sequence[str]) -> bool:
    """Whether most cells are the same: the header once more, where files were put together."""
    same = sum(one == other != "" for one, other in zip(cells, row, strict=True))
    return 2 * same > sum(cell != "" for cell in cells)


def _is_of_kind(cell: str, values: Sequence[str]) -> bool:
    """Whether a cell is of its column's kind, or one of the values that occur there again."""
    if not values or is_null(cell):
        return False
    if kind := _kind(cell):
        return sum(_kind(value) == kind for value in values) >= _SAME_KIND * len(values)
    return _repeat(values) and cell in values


def _kind(cell: str) -> str:
    """An address, a text, a level of urgency, or how digits stand in it; "" for words."""
    if len(cell) > _LONG:
        return "text"
    if "@" in cell:
        return "address"
    if side_of(cell) is not None:
        return "level"
    return _DIGITS.sub("0", cell) if _DIGITS.search(cell) else ""


def _repeat(values: Sequence[str]) -> bool:
    """Whether a column has a few values that occur again and again, and more than one."""
    return 1 < len(set(values)) <= len(values) / 2


def _are_labels(values: Collection[str], column: str, rules: Rules) -> bool:
    """Whether most of these are understood as labels of that column."""
    return 2 * sum(side is not None for side in rules.sides(values, column).values()) > len(values)
