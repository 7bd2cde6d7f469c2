"""The label column of a file, decided once for all its rows and never for one side only.

Labels that are not understood are not missing at random: taking only the rows whose label is known
made a model that called everything urgent. So a file whose labels are not understood is set aside
whole, with the values that were seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.tickets.rules import Rules
from urgency.vocabulary import is_null, unset_among

UNKNOWN_SHARE = 0.02
"""Share of the non-blank labels that may be unknown; such rows are quarantined one by one."""

DISTINCT_MOST = 1_000
"""Different values from which a column is no label."""

SHOWN_MOST, SHOWN_FROM, VALUE_MAX = 30, 5, 40
_PRIVATE = re.compile(r"(?!\d{1,3}$).*(\d\d|@)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Labels:
    """What one column says. `urgent`, `other`: rows by value; `sides`: value -> urgent, or None."""

    column: str
    sides: dict[str, bool | None]
    urgent: dict[str, int]
    other: dict[str, int]
    unknown: dict[str, int]
    blank: int

    @property
    def filled(self) -> int:
        """Rows with a label, understood or not."""
        return sum(self.urgent.values()) + sum(self.other.values()) + sum(self.unknown.values())

    @property
    def is_understood(self) -> bool:
        """Whether nearly all labels are known, one row apart, and there are any that are."""
        unknown = sum(self.unknown.values())
        return unknown < self.filled and unknown <= max(1.0, UNKNOWN_SHARE * self.filled)


def read_labels(column: str, counts: Mapping[str, int], rules: Rules) -> Labels:
    """The sides of a column's values. counts: stripped value -> rows, "" for blank."""
    unset = unset_among(counts)
    filled = {v: rows for v, rows in counts.items() if v in unset or not is_null(v)}
    blank = {value: rules.blank for value in counts if value not in filled}
    sides: dict[str, bool | None] = rules.sides(list(filled), column) | blank | {"": rules.blank}

    of_side: dict[bool | None, dict[str, int]] = {True: {}, False: {}, None: {}}
    for value, rows in sorted(filled.items(), key=lambda item: (-item[1], item[0])):
        of_side[sides[value]][value] = rows
    blank_rows = sum(counts[value] for value in blank)
    return Labels(column, sides, of_side[True], of_side[False], of_side[None], blank_rows)


def choose(candidates: Sequence[Labels]) -> Labels:
    """The first column that is understood and has both sides; else the one best understood.

    A column with one side only may hold an export's default value; where it holds one value and
    another column has both sides, that one is asked about. Where none is understood, one with a
    few values is asked about rather than a score.
    """
    understood = [labels for labels in candidates if labels.is_understood]
    best = next((labels for labels in understood if labels.urgent and labels.other), None)
    if best or not understood:
        return best or max(candidates, key=_known)
    first = understood[0]
    both = (labels for labels in candidates if labels.urgent and labels.other)
    return next(both, first) if len(first.urgent) + len(first.other) == 1 else first


def _known(labels: Labels) -> tuple[int, bool, int]:
    """Rows with a label that is known, then whether it has several values, but few of them."""
    known = labels.filled - sum(labels.unknown.values())
    return known, len(labels.unknown) > 1, -len(labels.unknown)


def why_not(labels: Labels) -> str | None:
    """Why these labels cannot be used, and what to answer; None when they can."""
    if not labels.filled:
        return f"no row of the column {labels.column} says how urgent it is; label some tickets."
    if not labels.is_understood:
        return (
            f"in the column {labels.column} it is not known which values are urgent:"
            f" {shown(labels)}. Answer in a mapping.csv, one line a value."
        )
    if labels.blank and labels.sides[""] is None and not (labels.urgent and labels.other):
        only = "urgent" if labels.urgent else "not urgent"
        return (
            f"every label in the column {labels.column} is {only} and {labels.blank:,} rows have"
            " none. Is a blank label the other one? Answer in a mapping.csv."
        )
    return None


def is_showable(value: str, labels: Labels) -> bool:
    """Whether a value may be repeated: one that occurs often is no one's text.

    Digits may be somebody's number, but for a short number alone.
    """
    rows = labels.unknown.get(value, SHOWN_FROM)
    return rows >= SHOWN_FROM and len(value) <= VALUE_MAX and not _PRIVATE.match(value)


def shown(labels: Labels) -> str:
    """The unknown values that may be repeated, most frequent first, and how many may not."""
    listed = [f"{v} ({n:,})" for v, n in labels.unknown.items() if is_showable(v, labels)]
    hidden = len(labels.unknown) - len(listed[:SHOWN_MOST])
    rest = [f"{hidden:,} rare or long ones"] if hidden else []
    return ", ".join(listed[:SHOWN_MOST] + rest)
