"""One file while it is read, and the report that becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from jobs.tickets.columns import NO_DATE, TicketColumns, seconds
from jobs.tickets.file_report import PROBLEMS_KEPT, FileReport, Problem, ReadAs
from jobs.tickets.ids import own_ids
from jobs.tickets.labels import DISTINCT_MOST, Labels, choose, read_labels, why_not
from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.reader import OpenFile, Row, open_file
from jobs.tickets.rules import Rules
from jobs.tickets.table import LABEL, Table
from urgency.records import SourceFile
from urgency.vocabulary import key

MEANT = "label,,meant"
"""The row of a mapping.csv that says that a file has one label on purpose."""

_URGENT, _OTHER, _NONE, _UNKNOWN = 1, 0, -1, -2


@dataclass(slots=True)
class FileReading:
    """What happened to one file so far."""

    file: SourceFile
    rules: Rules
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    quarantined: int = 0
    unlabelled: int = 0
    unread_dates: int = 0
    columns_ignored: tuple[str, ...] = ()
    read_as: ReadAs | None = None
    is_refused: bool = False

    def add_problem(self, problem: Problem) -> None:
        """One row more that is not taken."""
        self.quarantined += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)

    def refuse(self, problems: Sequence[Problem], questions: Sequence[str] = ()) -> None:
        """Set the file aside as a whole."""
        self.problems, self.questions = list(problems), list(questions)
        self.quarantined = self.unlabelled = 0
        self.is_refused = True

    def report(self, accepted: int, duplicate: int, replaced: dict[str, int]) -> FileReport:
        """The report, once it is known which rows count."""
        return FileReport(
            file=self.file.name,
            generation=self.file.generation,
            size_bytes=self.file.size,
            accepted=0 if self.is_refused else accepted,
            duplicate=0 if self.is_refused else duplicate,
            unlabelled=self.unlabelled,
            quarantined=self.quarantined,
            problems=tuple(self.problems),
            more=max(0, self.quarantined - PROBLEMS_KEPT),
            columns_ignored=self.columns_ignored,
            unread_dates=self.unread_dates,
            read_as=self.read_as,
            replaced=replaced,
            questions=tuple(self.questions),
        )
