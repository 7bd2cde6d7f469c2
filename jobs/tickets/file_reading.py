"""One file while it is read, and the report that becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np

from jobs.tickets.chunks import each
from jobs.tickets.collector import NO_DATE, Collector, seconds
from jobs.tickets.file_report import PROBLEMS_KEPT, FileReport, Problem, ReadAs
from jobs.tickets.labels import DISTINCT_MOST, Labels, choose, read_labels, why_not
from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.questions import column_questions, label_questions, mapping_row, questions_of
from jobs.tickets.reader import OpenFile, open_file
from jobs.tickets.rules import LABEL, Rules
from jobs.tickets.table import SHOWN_MOST, Table, names, unused, what_is_missing
from urgency.errors import CorruptObject
from urgency.feedback import is_feedback
from urgency.records import SourceFile
from urgency.vocabulary import key

ATTEMPTS = 2
UNREADABLE = (
    "storage delivers other bytes than were uploaded, twice in a row; upload the file again."
)

_TOO_MANY = f"the column {{column}} has over {DISTINCT_MOST:,} different values, so it is no label."

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
    rules_read: int = 0
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

    def tell_labels(self, labels: Labels) -> None:
        """Remember which column is the label and what its values mean."""
        assert self.read_as  # noqa: S101  labels come of a file that was opened
        columns = self.read_as.columns | {LABEL: labels.column}
        self.read_as = replace(
            self.read_as, columns=columns, urgent=labels.urgent, other=labels.other
        )

    def refuse_one_label(self, *, urgent: bool, share: float) -> None:
        """Set the file aside: all its labels are the same one, which chance does not explain."""
        assert self.read_as  # noqa: S101  labels come of a file that was read
        named = self.read_as.urgent if urgent else self.read_as.other
        others = f"{share:.0%} of the tickets in the other files are"
        reason = (
            f"every ticket in it is {'urgent' if urgent else 'not urgent'}, while {others}; that is"
            " hardly chance but an export's default value or a filter. If it is meant, say so in a"
            " mapping.csv."
        )
        answer = "urgent" if urgent else "non-urgent"
        rows = [mapping_row("label", value, answer) for value in named]
        self.refuse([Problem(max(1, self.read_as.header_line), reason)], rows)

    @property
    def one_label_is_meant(self) -> bool:
        """Whether the owner's rules name the values, and so say that one label only is meant."""
        named = (*self.read_as.urgent, *self.read_as.other) if self.read_as else ()
        return any(key(value) in self.rules.labels for value in named)

    def report(self, accepted: int, duplicate: int, replaced: dict[str, int]) -> FileReport:
        """The report, once it is known which rows count."""
        return FileReport(
            file=self.file.name,
            generation=self.file.generation,
            size_bytes=self.file.size,
            accepted=0 if self.is_refused else accepted + self.rules_read,
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
            notes=tuple(self.notes),
        )


def read_into(
    collected: Collector,
    file: SourceFile,
    number: int,
    opened: Callable[[SourceFile], BinaryIO],
    *,
    rules: Rules,
    limits: Limits,
) -> FileReading:
    """Read one file; its good rows are in `collected` afterwards, none where it is set aside."""
    begin = len(collected)
    for _ in range(ATTEMPTS):
        reading = FileReading(file, rules)
        try:
            with opened(file) as stream:
                _read(reading, open_file(stream, rules, limits), collected, number, limits)
        except FileRefused as refusal:
            reading.refuse([Problem(refusal.line, refusal.reason)], reading.questions)
        except CorruptObject:  # on the way, or in storage: then the next attempt fails too
            reading.refuse([Problem(1, UNREADABLE)])
        if not reading.is_refused:
            break
        collected.end_file(begin, np.zeros(len(collected) - begin, bool))
        if reading.problems[0].reason != UNREADABLE:
            break
    return reading


def _read(
    reading: FileReading, opened: OpenFile, collected: Collector, number: int, limits: Limits
) -> None:
    table, begin = opened.table, len(collected)
    reading.read_as = _read_as(opened) if opened.table.is_header else None
    if table.is_header:
        reading.columns_ignored = tuple(table.header[at] for at in unused(table)[:SHOWN_MOST])
    if not table.serves:
        _refuse_header(reading, opened)
        return
    numbers: dict[tuple[str, ...], int] = {}
    for rows in opened.rows(limits):
        if isinstance(rows, Problem):
            reading.add_problem(rows)
            continue
        label = [numbers.setdefault(cells, len(numbers)) for cells in rows.labels]
        if len(numbers) > DISTINCT_MOST:
            line = rows.line[label.index(DISTINCT_MOST)]
            raise FileRefused(line, _TOO_MANY.format(column=names(table, table.labels)))
        created_s, updated_s = each(seconds, rows.created_at), each(seconds, rows.updated_at)
        reading.unread_dates += created_s.count(NO_DATE) - rows.created_at.count("")
        collected.add(rows, number, label, created_s, updated_s)
    if len(collected) == begin and not reading.quarantined:
        reading.columns_ignored = ()  # without a row it may be one itself
        raise FileRefused(table.begin, "the file has a header and no rows.")
    if len(collected) == begin:
        return  # no row can be read, so nothing is known of labels
    _decide(reading, table, collected, begin, list(numbers))


def _decide(
    reading: FileReading,
    table: Table,
    collected: Collector,
    begin: int,
    cells: list[tuple[str, ...]],
) -> None:
    """Labels and ids of the whole file, now that all its values were seen."""
    number = collected.label.values[begin:]
    rows = np.bincount(number, minlength=len(cells)).tolist()
    candidates = [
        read_labels(table.header[column], _counts(cells, rows, place), reading.rules)
        for place, column in enumerate(table.labels)
    ]
    labels = choose(candidates)
    reading.tell_labels(labels)
    if reason := why_not(labels):
        reading.refuse([Problem(table.begin, reason)], questions_of(table, labels))
        return
    place = candidates.index(labels)
    number[:] = np.array([_side(labels, cell[place]) for cell in cells], np.int32)[number]
    for line in collected.line.values[begin:][number == _UNKNOWN].tolist():
        reading.add_problem(Problem(line, f"the value of {labels.column} is not known."))
    reading.unlabelled += int((number == _NONE).sum())
    kept = number >= 0
    del number  # a view
    collected.end_file(begin, kept, one_row_each=not is_feedback(reading.file.name))


def _counts(cells: list[tuple[str, ...]], rows: list[int], place: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for cell, count in zip(cells, rows, strict=True):
        counts[cell[place]] += count
    return counts


def _side(labels: Labels, value: str) -> int:
    side = labels.sides[value]
    if side is None:
        return _UNKNOWN if value in labels.unknown else _NONE
    return _URGENT if side else _OTHER


def _read_as(opened: OpenFile) -> ReadAs:
    table = opened.table
    named = {role: table.header[column] for role, column in table.places.items()}
    if table.labels:
        named[LABEL] = table.header[table.labels[0]].strip()
    header_line = table.begin if opened.has_header else 0
    return ReadAs(opened.kind, opened.encoding, header_line, named)


def _refuse_header(reading: FileReading, opened: OpenFile) -> None:
    """Say at once all that is wrong with the header, and with the labels if there are any."""
    table = opened.table
    problems, questions = [Problem(table.begin, what_is_missing(table))], column_questions(table)
    if table.is_header and table.labels:
        columns = zip(table.labels, opened.label_counts(), strict=True)
        best = choose([read_labels(table.header[at], n, reading.rules) for at, n in columns])
        if reason := why_not(best):
            problems.append(Problem(table.begin, reason))
            questions += label_questions(best)
    reading.refuse(problems, questions)
