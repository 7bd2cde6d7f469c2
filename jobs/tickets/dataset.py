"""Many landed files -> one DataFrame, a row a ticket, and a report of every file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobs.tickets.columns import NO_DATE, TicketColumns, seconds
from jobs.tickets.file_report import PROBLEMS_KEPT, FileReport, Problem
from jobs.tickets.header import NO_ALIASES, Aliases
from jobs.tickets.lines import LIMITS, FileRefused, Limits
from jobs.tickets.reader import CsvFile, Row, read_csv
from urgency.records import SourceFile

Open = Callable[[SourceFile], BinaryIO]
_Read = Callable[[BinaryIO], CsvFile]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Every accepted ticket once, and what became of the rest.

    `frame`, in order of file and line: ticket_id ("" for none), created_at (UTC or NaT), title,
    description (str), source, customer_tier (category), urgent (bool), file (category), line
    (int64), split_key (uint64, the hash of `urgency.ticket.split_key`), side (category: train,
    validation, test). `conflicts`: tickets that were found with both labels.
    """

    frame: pd.DataFrame
    reports: tuple[FileReport, ...]
    conflicts: int


def build_dataset(
    files: Iterable[SourceFile],
    opened: Open,
    aliases: Aliases = NO_ALIASES,
    limits: Limits = LIMITS,
) -> Dataset:
    """Read `files`, oldest first, each as `opened` streams it; of rows that are the same ticket the
    last one counts.

    The same ticket is: the same ticket_id, else the same text (spaces collapsed, digits count). A
    file that cannot be read as a whole is quarantined in its report; the others are read. Errors
    of the streams themselves pass through.
    """
    columns = TicketColumns()
    tallies = [
        _read_file(file, opened, columns, number, partial(read_csv, aliases=aliases, limits=limits))
        for number, file in enumerate(files)
    ]
    rows = columns.frame([tally.file.name for tally in tallies])
    repeated, conflicts = _repeated(rows)
    read = np.bincount(rows["file"].cat.codes, minlength=len(tallies))
    dropped = np.bincount(rows["file"].cat.codes[repeated], minlength=len(tallies))
    frame = rows[~repeated].drop(columns="same_text").reset_index(drop=True)
    reports = (
        tally.report(int(n), int(d)) for tally, n, d in zip(tallies, read, dropped, strict=True)
    )
    return Dataset(frame, tuple(reports), conflicts)


@dataclass(slots=True)
class _Tally:
    """What happened to one file so far."""

    file: SourceFile
    problems: list[Problem] = field(default_factory=list)
    quarantined: int = 0
    columns_ignored: tuple[str, ...] = ()
    unread_dates: int = 0

    def add_problem(self, problem: Problem) -> None:
        self.quarantined += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)

    def report(self, read: int, duplicate: int) -> FileReport:
        return FileReport(
            file=self.file.name,
            generation=self.file.generation,
            size_bytes=self.file.size,
            accepted=read - duplicate,
            duplicate=duplicate,
            quarantined=self.quarantined,
            problems=tuple(self.problems),
            more=max(0, self.quarantined - PROBLEMS_KEPT),
            columns_ignored=self.columns_ignored,
            unread_dates=self.unread_dates,
        )


def _read_file(
    file: SourceFile, opened: Open, columns: TicketColumns, number: int, read: _Read
) -> _Tally:
    """What happened to one file; its good rows are in `columns`, none where it was refused."""
    tally, begin = _Tally(file), len(columns)
    try:
        with opened(file) as stream:
            csv = read(stream)
            tally.columns_ignored = csv.columns_ignored
            for row in csv.rows:
                _take(row, columns, number, tally)
        if len(columns) == begin and not tally.quarantined:
            raise FileRefused(1, "the file has a header and no rows.")
    except FileRefused as refusal:
        columns.truncate(begin)
        return _Tally(file, [Problem(refusal.line, refusal.reason)])
    return tally


def _take(row: Row | Problem, columns: TicketColumns, number: int, tally: _Tally) -> None:
    if isinstance(row, Problem):
        tally.add_problem(row)
        return
    created_s = seconds(row.created_at)
    tally.unread_dates += created_s == NO_DATE and row.created_at != ""
    columns.add(row, number, created_s)


def _repeated(rows: pd.DataFrame) -> tuple[NDArray[np.bool_], int]:
    """Which rows a later row replaces, and how many tickets have both labels."""
    by_id = rows["ticket_id"].ne("") & rows["ticket_id"].duplicated(keep="last")
    left = rows[~by_id]
    by_text = left["same_text"].duplicated(keep="last")
    repeated = by_id.to_numpy(copy=True)
    repeated[left.index[by_text]] = True
    named = rows[rows["ticket_id"].ne("")]
    conflicts = _with_both_labels(named, "ticket_id") + _with_both_labels(left, "same_text")
    return repeated, conflicts


def _with_both_labels(rows: pd.DataFrame, key: str) -> int:
    shares = rows.groupby(key, sort=False)["urgent"].mean()
    return int(((shares > 0) & (shares < 1)).sum())
