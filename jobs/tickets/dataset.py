"""Many landed files -> one DataFrame, a row a ticket, and a report of every file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobs.tickets.columns import NO_ID, TicketColumns
from jobs.tickets.file_reading import FileReading, read_into
from jobs.tickets.file_report import FileReport
from jobs.tickets.ids import row_numbered
from jobs.tickets.limits import LIMITS, Limits
from jobs.tickets.mapping import is_mapping, read_mappings
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.split import mixed
from jobs.tickets.texts import Keys, Numbers, Texts, TicketWords
from urgency.feedback import is_feedback
from urgency.records import SourceFile

Open = Callable[[SourceFile], BinaryIO]

ONE_LABEL_CHANCE = 1e-6
"""Chance below which a file with one label only is not believed to be one by accident."""


MOST = 1_250_000
"""Tickets that a model is made of, where there are so many: a million to learn from."""


@dataclass(frozen=True)
class Dataset:
    """Every accepted ticket once, up to a number, and what became of the rest.

    `frame`, in order of file and line: ticket_id (uint64, its hash, 0 for none), created_at (UTC or
    NaT), title, description (str; both "" outside a sample of the tickets), source, customer_tier
    (category), urgent (bool), file (category), line (int64), split_key (uint64, the hash of
    `urgency.ticket.split_key`), same_text (uint64, that of `urgency.ticket.same_text`), side
    (category: train, validation, test). `read_words`: makes those of each ticket. `conflicts`:
    tickets that were found with both labels. `beyond`: accepted tickets that are not in the frame,
    since there are too many: those of the largest hashes.
    """

    frame: pd.DataFrame
    read_words: Callable[[], TicketWords]
    reports: tuple[FileReport, ...]
    conflicts: int
    beyond: int = 0

    @cached_property
    def words(self) -> TicketWords:
        """The hashed words of each ticket, made when first asked for."""
        return self.read_words()

    @property
    def has_text(self) -> NDArray[np.bool_]:
        """Which tickets are in the sample whose texts are kept, shape (tickets,)."""
        return np.asarray(self.frame["title"].ne("") | self.frame["description"].ne(""))


def build_dataset(
    files: Sequence[SourceFile],
    opened: Open,
    rules: Rules = NO_RULES,
    limits: Limits = LIMITS,
    most: int = MOST,
) -> Dataset:
    """Read `files`, oldest first, each as `opened` streams it; of a ticket its newest row counts.

    The same ticket is: the same ticket_id, else the same text (spaces collapsed, digits count). A
    file that cannot be read is set aside in its report; the others are read. Errors of the streams
    themselves pass. Beyond `most` tickets those of the smallest hashes are taken, the others only
    counted.
    """
    mappings = read_mappings([file for file in files if is_mapping(file.name)], opened)
    rules_for = partial(mappings.rules_for, base=rules)
    columns = TicketColumns(most)
    readings = [
        mappings.readings[file.name]
        if is_mapping(file.name)
        else read_into(columns, file, number, opened, rules=rules_for(file.name), limits=limits)
        for number, file in enumerate(files)
    ]
    rows = columns.frame([file.name for file in files])
    refuse_one_label(rows, readings)
    if refused := _refused(readings):
        rows = rows[~rows["file"].cat.codes.isin(refused).to_numpy()]
    forget_row_numbers(rows, columns.texts, readings)
    return _dataset(_newest_last(rows), columns.texts, readings, most)


ONLY_COUNTED = (
    "{:,} of its tickets are only counted: there are more than a model is made of"
    " (URGENCY_MOST_TICKETS)."
)
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
        if share ** len(own) < ONE_LABEL_CHANCE:
            reading.refuse_one_label(urgent=bool(own[0]), share=float(others.mean()))


def forget_row_numbers(rows: pd.DataFrame, texts: Texts, readings: Sequence[FileReading]) -> None:
    """Take the ids from the rows of files whose ids are row numbers, and say so.

    Feedback is no witness: it may have few words of a ticket.
    """
    by_row = row_numbered(rows[~_said(rows)], texts)
    for number in by_row:
        readings[number].notes.append(ROW_NUMBERS)
    if by_row:
        rows["ticket_id"] = rows["ticket_id"].where(~rows["file"].cat.codes.isin(by_row), NO_ID)


def _refused(readings: Sequence[FileReading]) -> list[int]:
    return [number for number, reading in enumerate(readings) if reading.is_refused]


def _newest_last(rows: pd.DataFrame) -> pd.DataFrame:
    """In order of file and line, but updated tickets in order of their updates; feedback last."""
    if rows["updated_at"].isna().all():
        return rows
    return rows.assign(order=_order(rows)).sort_values("order", kind="stable")


def _order(rows: pd.DataFrame) -> Numbers:
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


def _repeated(rows: pd.DataFrame) -> tuple[Numbers, int]:
    """For each row the file of the row that replaces it, -1 for none; tickets with both labels."""
    file, urgent = rows["file"].cat.codes.to_numpy(), rows["urgent"].to_numpy()
    successor, conflicts = np.full(len(rows), -1), 0
    for key in ("ticket_id", "same_text"):
        keys = rows[key].to_numpy()
        which = np.flatnonzero((successor < 0) & ((keys != NO_ID) | (key == "same_text")))
        last, with_both = _last_of_key(keys[which], urgent[which])
        replaced = np.flatnonzero(last != np.arange(len(last)))
        successor[which[replaced]] = file[which[last[replaced]]]
        conflicts += with_both
    return successor, conflicts


def _last_of_key(key: NDArray[np.uint64], urgent: NDArray[np.bool_]) -> tuple[Numbers, int]:
    """For each row the last one of the same key; how many keys have both labels."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], np.ones(min(1, len(key)), bool)))
    sizes = np.diff(ends, prepend=-1)
    last = np.empty(len(key), np.int64)
    last[order] = np.repeat(order[ends], sizes)
    found = np.diff(np.append(0, urgent[order].cumsum()[ends]))
    return last, int(((found > 0) & (found < sizes)).sum())


def _dataset(
    rows: pd.DataFrame, texts: Texts, readings: Sequence[FileReading], most: int
) -> Dataset:
    successor, conflicts = _repeated(rows)
    tickets = np.flatnonzero(successor < 0)
    tickets = tickets[np.argsort(rows.index.to_numpy()[tickets])]
    taken = tickets[_taken(rows["split_key"].to_numpy()[tickets], texts, most)]
    frame = rows.iloc[taken].drop(columns=["updated_at", "order"], errors="ignore")
    number = frame.index.to_numpy()
    return Dataset(
        _with_texts(frame.reset_index(drop=True), number, texts),
        lambda: texts.words(number),
        _reports(rows, successor, readings, np.setdiff1d(tickets, taken, assume_unique=True)),
        conflicts,
        len(tickets) - len(taken),
    )


def _taken(split_key: Keys, texts: Texts, most: int) -> NDArray[np.bool_]:
    """Which tickets a model is made of: of a key all or none, so it may be some less than most."""
    taken = texts.has_words(split_key)
    if taken.sum() > most:
        hashes = mixed(split_key)
        taken = hashes < np.partition(hashes, most)[most]
    return taken


def _with_texts(frame: pd.DataFrame, number: Numbers, texts: Texts) -> pd.DataFrame:
    """With title and description of the sample; `number`: those of the rows in `texts`, rising."""
    written = np.full((2, len(frame)), "", object)
    sample = texts.handed_sample()
    rows = np.array([one.row for one in sample], np.int64)
    place = np.searchsorted(number, rows)
    for at, row, text in zip(place.tolist(), rows.tolist(), sample, strict=True):
        if at < len(number) and number[at] == row:
            written[:, at] = text.title, text.description
    title, description = (pd.Series(column, dtype="str") for column in written)
    return frame.assign(title=title, description=description)


def _reports(
    rows: pd.DataFrame, successor: Numbers, readings: Sequence[FileReading], beyond: Numbers
) -> tuple[FileReport, ...]:
    """beyond: tickets, by their place in `rows`, that a model is not made of."""
    file = rows["file"].cat.codes.to_numpy()
    counted = np.bincount(file[beyond], minlength=len(readings)).tolist()
    names = [reading.file.name for reading in readings]
    reports = []
    for number, reading in enumerate(readings):
        own = file == number
        duplicate = int((successor[own] >= 0).sum())
        over = file[(successor == number) & ~own]
        if counted[number]:
            reading.notes.append(ONLY_COUNTED.format(counted[number]))
        replaced = {names[other]: int((over == other).sum()) for other in np.unique(over)}
        reports.append(reading.report(int(own.sum()) - duplicate, duplicate, replaced))
    return tuple(reports)
