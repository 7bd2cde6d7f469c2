"""`mapping.csv`: the owner's answer in the bucket, for its folder and all folders below.

Its rows are `column,<name>,<role>` and `label,<value>,urgent` or `label,<value>,non-urgent`; an
empty value is a blank label. A column's role may be `ignore`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from jobs.tickets.container import Workbook, open_container
from jobs.tickets.dialect import Dialect
from jobs.tickets.encoding import Decoder
from jobs.tickets.file_reading import ATTEMPTS, UNREADABLE, FileReading
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.lines import split_lines
from jobs.tickets.records import read_records
from jobs.tickets.rules import IGNORED, NO_RULES, Rules
from urgency.errors import CorruptObject
from urgency.records import SourceFile
from urgency.vocabulary import ROLES, key

NAME = "mapping.csv"
ROWS_MOST = 10_000
SIDES = {"urgent": True, "nonurgent": False, "noturgent": False}
_LIMITS = Limits(object_bytes=2**20)


def is_mapping(name: str) -> bool:
    """Whether an object holds answers and no tickets."""
    return name.rpartition("/")[2].lower() == NAME


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every mapping.csv: its rules by folder, and what became of it by name."""

    rules: dict[str, Rules]
    readings: dict[str, FileReading]

    def rules_for(self, name: str, base: Rules) -> Rules:
        """The rules of a file: its folder's first, then those of the folders above, then `base`."""
        folder, found = name, []
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            found.append(self.rules.get(folder, NO_RULES))
        for rules in reversed(found):
            base = rules.over(base)
        return base


def read_mappings(
    files: Sequence[SourceFile], opened: Callable[[SourceFile], BinaryIO]
) -> Mappings:
    """Read every mapping.csv; a row that is none is told in the file's report."""
    read = Mappings({}, {})
    for file in files:
        for _ in range(ATTEMPTS):
            reading = read.readings[file.name] = FileReading(file, NO_RULES)
            try:
                read.rules[file.name.rpartition("/")[0]] = _read(reading, opened(file))
                break
            except CorruptObject:  # as in read_into
                reading.refuse([Problem(1, UNREADABLE)])
    return read


def _read(reading: FileReading, stream: BinaryIO) -> Rules:
    columns: dict[str, str] = {}
    labels: dict[str, bool] = {}
    try:
        with stream:
            for number, row in enumerate(_rows(stream), 1):
                if isinstance(row, Problem):
                    reading.add_problem(row)
                elif not _take(row[1], columns, labels):
                    reading.add_problem(Problem(row[0], NOT_A_RULE))
                else:
                    reading.rules_read += 1
                if number > ROWS_MOST:
                    raise FileRefused(row[0], f"it has more than {ROWS_MOST:,} rows.")
    except FileRefused as refusal:
        reading.refuse([Problem(refusal.line, refusal.reason)])
        return NO_RULES
    return Rules(columns, labels)


NOT_A_RULE = (
    "write column,<name>,<role> or label,<value>,urgent (or non-urgent); the roles are "
    + ", ".join((*ROLES, IGNORED))
    + "."
)


def _rows(stream: BinaryIO) -> Iterator[tuple[int, list[str]] | Problem]:
    """Each row with its line."""
    container = open_container(stream, _LIMITS)
    if isinstance(container, Workbook):
        raise FileRefused(1, "it is a workbook; save it as CSV.")
    blocks = split_lines(Decoder().decode(container.blocks), _LIMITS)
    lines = list(islice(chain.from_iterable(blocks), ROWS_MOST + 2))
    separator = max(",;\t", key=lambda one: sum(line.count(one) == 2 for line in lines))
    for found in read_records([lines], Dialect(separator), 3, limits=_LIMITS):
        if isinstance(found, Problem):
            yield found
        else:
            yield from zip(found.lines, found.fields, strict=True)


def _take(fields: list[str], columns: dict[str, str], labels: dict[str, bool]) -> bool:
    """Whether the row is a rule, which then stands in `columns` or `labels`."""
    kind, name, answer = (field.strip() for field in fields)
    role = {key(role): role for role in (*ROLES, IGNORED)}.get(key(answer))
    if key(kind) == "column" and role and name:
        columns[key(name)] = role
    elif key(kind) == "label" and key(answer) in SIDES:
        labels[key(name) if name else ""] = SIDES[key(answer)]
    else:
        return False
    return True
