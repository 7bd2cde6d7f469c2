"""Many landed files -> the columns of their tickets, and a report of every file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import BinaryIO, Protocol

import numpy as np

from jobs.tickets.collector import Collector
from jobs.tickets.columns import NO_ID, Flags, Hashes, Numbers, TicketColumns
from jobs.tickets.file_reading import FileReading, read_into
from jobs.tickets.file_report import FileReport
from jobs.tickets.ids import conversations, row_numbered
from jobs.tickets.limits import LIMITS, Limits
from jobs.tickets.mapping import is_mapping, read_mappings
from jobs.tickets.newest import oldest_first, opening_last, replaced_by, said_by_people
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.split import mixed
from jobs.tickets.texts import Text, Texts, TicketWords
from urgency.records import SourceFile

Open = Callable[[SourceFile], BinaryIO]


class ReadFile(Protocol):
    """Adds a file's rows to columns; see read_into."""

    def __call__(
        self,
        collected: Collector,
        file: SourceFile,
        number: int,
        opened: Open,
        *,
        rules: Rules,
        limits: Limits,
    ) -> FileReading:
        """See read_into."""
        ...


ONE_LABEL_CHANCE = 1e-6
"""Chance below which a file with one label only is not believed to be one by accident."""


MOST = 1_250_000
"""Tickets that a model is made of, where there are so many: a million to learn from."""


@dataclass(frozen=True)
class Dataset:
    """Every accepted ticket once, up to a number, and what became of the rest.

    `columns`: the tickets in order of file and line. `texts`: those of a sample of them, by their
    number in the columns, rising. `read_words`: makes the words of each. `conflicts`: tickets that
    were found with both labels. `beyond`: accepted tickets that are not in the columns, since there
    are too many: those of the largest hashes.
    """

    columns: TicketColumns
    texts: dict[int, Text]
    read_words: Callable[[], TicketWords]
    reports: tuple[FileReport, ...]
    conflicts: int
    beyond: int = 0

    @cached_property
    def words(self) -> TicketWords:
        """The hashed words of each ticket, made when first asked for."""
        return self.read_words()

    @property
    def has_text(self) -> Flags:
        """Which tickets are in the sample whose texts are kept, shape (tickets,)."""
        kept = np.zeros(len(self.columns), bool)
        kept[[*self.texts]] = True
        return kept


def build_dataset(
    files: Sequence[SourceFile],
    opened: Open,
    rules: Rules = NO_RULES,
    limits: Limits = LIMITS,
    *,
    most: int = MOST,
    read_file: ReadFile = read_into,
) -> Dataset:
    """Read `files`, oldest first, each as `opened` streams it; of a ticket its newest row counts.

    The same ticket is: the same ticket_id, else the same text (spaces collapsed, digits count). A
    file that cannot be read is set aside in its report; the others are read. Errors of the streams
    themselves pass. Beyond `most` tickets those of the smallest hashes are taken, the others only
    counted.
    """
    mappings = read_mappings([file for file in files if is_mapping(file.name)], opened)
    rules_for = partial(mappings.rules_for, base=rules)
    collected = Collector(texts := Texts(most))
    readings = [
        mappings.readings[file.name]
        if is_mapping(file.name)
        else read_file(collected, file, number, opened, rules=rules_for(file.name), limits=limits)
        for number, file in enumerate(files)
    ]
    columns = collected.columns([file.name for file in files])
    refuse_one_label(columns, readings)
    rows = np.flatnonzero(~np.isin(columns.file.codes, _refused(readings)))
    return _dataset(*_told_apart(columns, rows, texts, readings), texts, readings, most)


def _told_apart(
    columns: TicketColumns, rows: Numbers, texts: Texts, readings: Sequence[FileReading]
) -> tuple[TicketColumns, Numbers]:
    """The columns with ids only where they identify, and the rows, that which counts the last."""
    witnesses = rows[~said_by_people(columns)[rows]]
    talks = conversations(columns, witnesses, texts)
    for number in talks:
        readings[number].notes.append(MESSAGES)
    witnesses = witnesses[~np.isin(columns.file.codes[witnesses], [*talks])]
    columns = without_row_numbers(columns, witnesses, texts, readings)
    return columns, opening_last(columns, oldest_first(columns, rows), talks)


ONLY_COUNTED = (
    "{:,} of its tickets are only counted: there are more than a model is made of"
    " (URGENCY_MOST_TICKETS)."
)
ROW_NUMBERS = (
    "the ids of this file stand for other tickets in other files, as row numbers do;"
    " tickets are told apart by their text."
)

MESSAGES = (
    "its rows are the messages of tickets; of each ticket the first one counts, with which it came."
)


def refuse_one_label(columns: TicketColumns, readings: Sequence[FileReading]) -> None:
    """Set aside files with one label only that the other files' share does not explain.

    Not feedback: people may well speak of urgent tickets only.
    """
    file, urgent, said = columns.file.codes, columns.urgent, said_by_people(columns)
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


def without_row_numbers(
    columns: TicketColumns, rows: Numbers, texts: Texts, readings: Sequence[FileReading]
) -> TicketColumns:
    """The same without ids in files whose ids are row numbers, which their notes say then.

    rows: the witnesses. Feedback is none: it may have few words of a ticket; nor are messages.
    """
    by_row = sorted(row_numbered(columns, rows, texts))
    for number in by_row:
        readings[number].notes.append(ROW_NUMBERS)
    numbered = np.isin(columns.file.codes, by_row)
    return replace(columns, ticket_id=np.where(numbered, NO_ID, columns.ticket_id))


def _refused(readings: Sequence[FileReading]) -> list[int]:
    return [number for number, reading in enumerate(readings) if reading.is_refused]


def _dataset(
    columns: TicketColumns,
    rows: Numbers,
    texts: Texts,
    readings: Sequence[FileReading],
    most: int,
) -> Dataset:
    """rows: those of files that were not refused, oldest first."""
    successor, conflicts = replaced_by(columns, rows)
    tickets = np.sort(rows[successor < 0])
    is_taken = _taken(columns.split_key[tickets], texts, most)
    taken, beyond = tickets[is_taken], tickets[~is_taken]
    file = columns.file.codes
    return Dataset(
        columns.take(taken),
        _sample(taken, texts),
        lambda: texts.words(taken),
        _reports(file[rows], successor, readings, file[beyond]),
        conflicts,
        len(beyond),
    )


def _taken(split_key: Hashes, texts: Texts, most: int) -> Flags:
    """Which tickets a model is made of: of a key all or none, so it may be some less than most."""
    taken = texts.has_words(split_key)
    if taken.sum() > most:
        hashes = mixed(split_key)
        taken = hashes < np.partition(hashes, most)[most]
    return taken


def _sample(taken: Numbers, texts: Texts) -> dict[int, Text]:
    """The sample of texts by the place of its rows among those taken, which rise."""
    sample = texts.handed_sample()
    rows = np.array([*sample], np.int64)
    found = zip(np.searchsorted(taken, rows).tolist(), np.isin(rows, taken), sample, strict=True)
    return {place: sample[row] for place, is_taken, row in found if is_taken}


def _reports(
    file: Numbers, successor: Numbers, readings: Sequence[FileReading], beyond: Numbers
) -> tuple[FileReport, ...]:
    """file, successor: of each row its file and that of the row that replaces it, -1 for none.
    beyond: the files of tickets that a model is not made of.
    """
    counted = np.bincount(beyond, minlength=len(readings)).tolist()
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
