"""What became of every landed file and row, as stored in a bundle; receipts are written from it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

from urgency.bundle import canonical_json
from urgency.errors import CorruptObject

PROBLEMS_KEPT = 1_000
"""Problems of one file that are listed line by line; the rest is a number."""


class Problem(NamedTuple):
    """Why a row, or the file, was not taken; `line` counts physical lines from 1. Holds no cell."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How a file was read: one decision each for the whole file.

    `header_line`: 0 where there is none, as in JSON; `columns`: role -> the column's name;
    `urgent`, `other`: rows by value of the label column.
    """

    kind: str
    encoding: str
    header_line: int
    columns: dict[str, str]
    urgent: dict[str, int] = field(default_factory=dict)
    other: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file's rows: records = accepted + duplicate + unlabelled + quarantined.

    All are 0 where the file was set aside; `problems` then says why. `problems` are the first of
    them, `more` counts the rest. `replaced`: tickets of other files that this one replaced, by
    file. `questions`: rows of a mapping.csv that its owner can answer. `notes`: what else its owner
    must know, a sentence each. `read_as` is None where nothing was read.
    """

    file: str
    generation: int
    size_bytes: int
    accepted: int = 0
    duplicate: int = 0
    unlabelled: int = 0
    quarantined: int = 0
    problems: tuple[Problem, ...] = ()
    more: int = 0
    columns_ignored: tuple[str, ...] = ()
    unread_dates: int = 0
    read_as: ReadAs | None = None
    replaced: dict[str, int] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """Rows that the file holds, blank ones apart."""
        return self.accepted + self.duplicate + self.unlabelled + self.quarantined

    @property
    def status(self) -> str:
        """`accepted`, `partly` (some rows), `quarantined` (no row), or `set aside` as a whole."""
        if not self.records:
            return "set aside"
        if not self.accepted + self.duplicate + self.unlabelled:
            return "quarantined"
        return "partly" if self.quarantined else "accepted"


def reports_to_json(reports: Sequence[FileReport]) -> bytes:
    """The bundle's part `accounting.json`."""
    return canonical_json([asdict(report) for report in reports])


def reports_from_json(body: bytes) -> tuple[FileReport, ...]:
    """The reports in `body`, in the snapshot's order of files. Raises CorruptObject."""
    try:
        return tuple(_report(members) for members in json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorruptObject(f"An accounting does not parse: {error!r}.") from None


def _report(members: dict[str, object]) -> FileReport:
    """Members that this code does not know are left out, those it lacks have their defaults."""
    known = {name: value for name, value in members.items() if name in _NAMES}
    for name in ("columns_ignored", "questions", "notes"):
        known[name] = tuple(_list(known.get(name, [])))
    problems: list[Any] = _list(known["problems"])
    known["problems"] = tuple(Problem(line, reason) for line, reason in problems)
    if known.get("read_as") is not None:
        known["read_as"] = ReadAs(**known["read_as"])  # type: ignore[arg-type]
    return FileReport(**known)  # type: ignore[arg-type]


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


_NAMES = {row.name for row in fields(FileReport)}
