"""Many landed files -> one DataFrame, a row a ticket, and a report of every file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from jobs.tickets.columns import TicketColumns
from jobs.tickets.file_reading import FileReading, read_into
from jobs.tickets.file_report import FileReport
from jobs.tickets.ids import row_numbered
from jobs.tickets.limits import LIMITS, Limits
from jobs.tickets.mapping import is_mapping, read_mappings
from jobs.tickets.rules import NO_RULES, Rules
from urgency.batch import Words
from urgency.feedback import is_feedback
from urgency.records import SourceFile

Open = Callable[[SourceFile], BinaryIO]

ONE_LABEL_CHANCE = 1e-6
"""Chance below which a file with one label only is not believed to be one by accident."""


@dataclass(frozen=True)
class Dataset:
    """Every accepted ticket once, and what became of the rest.

    `frame`, in order of file and line: ticket_id ("" for none), created_at (UTC or NaT), title,
    description (str; both "" outside a sample of the tickets), source, customer_tier (category),
    urgent (bool), file (category), line (int64), split_key (uint64, the hash of
    `urgency.ticket.split_key`), same_text (uint64, that of `urgency.ticket.same_text`), side
    (category: train, validation, test). `read_words`: makes those of each ticket. `conflicts`:
    tickets that were found with both labels.
    """

    frame: pd.DataFrame
    read_words: Callable[[], Words]
    reports: tuple[FileReport, ...]
    conflicts: int

    @cached_property
    def words(self) -> Words:
        """The hashed words of each ticket, made when first asked for."""
        return self.read_words()

    @property
    def has_text(self) -> NDArray[np.bool_]:
        """Which tickets are in the sample whose texts are kept, shape (tickets,)."""
        return np.asarray(self.frame["title"].ne("") | self.frame["description"].ne(""))


def build_dataset(
    files: Sequence[SourceFile], opened: Open, rules: Rules = NO_RULES, limits: Limits = LIMITS
) -> Dataset:
    """Read `files`, oldest first, each as `opened` streams it; of a ticket its newest row counts.

    The same ticket is: the same ticket_id, else the same text (spaces collapsed, digits count). A
    file that cannot be read is set aside in its report; the others are read. Errors of the streams
    themselves pass.
    """
    mappings = read_mappings([file for file in files if is_mapping(file.name)], opened)
    rules_for = partial(mappings.rules_for, base=rules)
    columns = TicketColumns()
    readings = [
        mappings.readings[file.name]
        if is_mapping(file.name)
        else read_into(columns, file, number, opened, rules=rules_for(file.name), limits=limits)
        for number, file in enumerate(files)
    ]
    rows = columns.frame([file.name for file in files])
    refuse_one_label(rows, readings)
    taken = ~rows["file"].cat.codes.isin(_refused(readings)).to_numpy()
    rows = rows[taken].reset_index(drop=True)

    def words() -> Words:
        return columns.texts.words.take(taken)

    forget_row_numbers(rows, words, readings)
    ordered = _newest_last(rows)
    successor, conflicts = _repeated(ordered)
    return _dataset(ordered, words, successor, conflicts, readings)


ROW_NUMBERS = (
    "the ids of this file stand for other tickets in other files, as row numbers do;"
    " tickets are told apart by their text."
)


def refuse_one_label(rows: pd.DataFrame, readings: Sequence[FileReading]) -> None:
    """Set aside files with one label only that the other files' share does not explain.

    Not feedback: people may well speak of urgent tickets only.
    """
    file, urgent, said = rows["file"].cat.codes.to_numpy(), rows["urgent"].to_numpy(), _said(rows)
    for number, reading in enumerate(readings):
        own, others = urgent[(file == number) & ~said], urgent[(file != number) & ~said]
        if not len(own) or not len(others) or 0 < own.sum() < len(own):
            continue
        if reading.one_label_is_meant:
            continue
        urgent_share = (others.sum() + 1) / (len(others) + 2)  # few others do not tell much
        share = urgent_share if own[0] else 1 - urgent_share
        if binom.pmf(len(own), len(own), share) < ONE_LABEL_CHANCE:
            reading.refuse_one_label(urgent=bool(own[0]), share=float(others.mean()))


def forget_row_numbers(
    rows: pd.DataFrame, words: Callable[[], Words], readings: Sequence[FileReading]
) -> None:
    """Take the ids from the rows of files whose ids are row numbers, and say so.

    Feedback is no witness: it may have few words of a ticket.
    """
    by_row = row_numbered(rows[~_said(rows)], words)
    for number in by_row:
        readings[number].notes.append(ROW_NUMBERS)
    rows.loc[rows["file"].cat.codes.isin(by_row), "ticket_id"] = ""


def _refused(readings: Sequence[FileReading]) -> list[int]:
    return [number for number, reading in enumerate(readings) if reading.is_refused]


def _newest_last(rows: pd.DataFrame) -> pd.DataFrame:
    """In order of file and line, but updated tickets in order of their updates; feedback last."""
    if rows["updated_at"].isna().all():
        return rows
    return rows.assign(order=_order(rows)).sort_values("order", kind="stable")


def _order(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Places in which rows with a date of update take each other's places, oldest first.

    Rows of feedback do so among themselves, behind all others: what a person says counts.
    """
    said = _said(rows)
    place = np.arange(len(rows)) + len(rows) * said
    order = place.copy()
    for own in (said, ~said):
        dated = np.flatnonzero(rows["updated_at"].notna().to_numpy() & own)
        by_date = dated[np.argsort(rows["updated_at"].to_numpy()[dated], kind="stable")]
        order[by_date] = place[dated]
    return order


def _said(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows are feedback, shape (rows,)."""
    file = rows["file"].cat
    of_file = np.array([*map(is_feedback, file.categories), False], bool)
    return np.asarray(of_file[file.codes])


def _repeated(rows: pd.DataFrame) -> tuple[NDArray[np.int64], int]:
    """For each row the file of the row that replaces it, -1 for none; tickets with both labels."""
    file = rows["file"].cat.codes
    has_id = rows["ticket_id"].ne("")
    by_id = has_id & rows["ticket_id"].duplicated(keep="last")
    successor = pd.Series(-1, index=rows.index)
    last_of_id = file[has_id].groupby(rows.loc[has_id, "ticket_id"]).transform("last")
    successor[by_id] = last_of_id[by_id[has_id]]
    left = rows[~by_id]
    by_text = left["same_text"].duplicated(keep="last")
    last_of_text = file[left.index].groupby(left["same_text"]).transform("last")
    successor[by_text.index[by_text]] = last_of_text[by_text]
    conflicts = _with_both_labels(rows[has_id], "ticket_id") + _with_both_labels(left, "same_text")
    numbers: NDArray[np.int64] = np.asarray(successor, np.int64)
    return numbers, conflicts


def _with_both_labels(rows: pd.DataFrame, key: str) -> int:
    shares = rows.groupby(key, sort=False)["urgent"].mean()
    return int(((shares > 0) & (shares < 1)).sum())


def _dataset(
    rows: pd.DataFrame,
    words: Callable[[], Words],
    successor: NDArray[np.int64],
    conflicts: int,
    readings: Sequence[FileReading],
) -> Dataset:
    file = rows["file"].cat.codes.to_numpy()
    names = [reading.file.name for reading in readings]
    reports = []
    for number, reading in enumerate(readings):
        own = file == number
        duplicate = int((successor[own] >= 0).sum())
        over = file[(successor == number) & ~own]
        replaced = {names[other]: int((over == other).sum()) for other in np.unique(over)}
        reports.append(reading.report(int(own.sum()) - duplicate, duplicate, replaced))
    kept = rows[successor < 0].sort_index()
    frame = kept.drop(columns=["updated_at", "order"], errors="ignore")
    is_kept = np.isin(np.arange(len(rows)), kept.index)
    return Dataset(
        frame.reset_index(drop=True), lambda: words().take(is_kept), tuple(reports), conflicts
    )
