"""What became of every landed file and row, as stored in a bundle; receipts are written from it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from urgency.bundle import canonical_json
from urgency.errors import CorruptObject

PROBLEMS_KEPT = 1_000
"""Problems of one file that are listed line by line; the rest is a number."""


class Problem(NamedTuple):
    """Why a row, or the file, was not taken; `line` counts physical lines from 1. Holds no cell."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file's rows: records = accepted + duplicate + quarantined, all 0 where the file was
    refused as a whole.

    `problems` are the first of them and `more` counts the rest; `unread_dates` counts rows that
    were read without their date.
    """

    file: str
    generation: int
    size_bytes: int
    accepted: int
    duplicate: int
    quarantined: int
    problems: tuple[Problem, ...]
    more: int
    columns_ignored: tuple[str, ...]
    unread_dates: int

    @property
    def records(self) -> int:
        """Rows that the file holds, blank ones apart."""
        return self.accepted + self.duplicate + self.quarantined

    @property
    def status(self) -> str:
        """`accepted`, `partly`, or `quarantined` when not one row could be read."""
        if not self.accepted + self.duplicate:
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
    problems, ignored = members.pop("problems"), members.pop("columns_ignored")
    if not isinstance(problems, list) or not isinstance(ignored, list):
        raise TypeError("a list was expected")
    kept = tuple(Problem(line, reason) for line, reason in problems)
    return FileReport(**members, problems=kept, columns_ignored=tuple(ignored))  # type: ignore[arg-type]
