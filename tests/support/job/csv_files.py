"""Files of tickets for tests: small good ones, and endless ones that are never whole in memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, cast

import openpyxl
import pytest

from jobs.tickets.dataset import Dataset, build_dataset
from jobs.tickets.file_report import FileReport, Problem
from jobs.tickets.limits import LIMITS, FileRefused, Limits
from jobs.tickets.reader import open_file
from jobs.tickets.rows import Rows
from jobs.tickets.rules import NO_RULES, Rules
from urgency.records import SourceFile
from urgency.ticket import Ticket

HEADER = "ticket_id,created_at,title,description,source,customer_tier,label_urgency"


class Row(NamedTuple):
    """One of `Rows`."""

    line: int
    ticket: Ticket
    ticket_id: str
    created_at: str
    updated_at: str
    labels: tuple[str, ...]


def row(
    number: int, description: str = "the printer is out of toner", label: str = "non-urgent"
) -> str:
    return f"T-{number},2025-01-31,Ticket {number},{description},web,free,{label}"


def csv_bytes(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *rows)).encode()


def xlsx_bytes(*sheets: Sequence[Sequence[object]]) -> bytes:
    """A workbook with these sheets, each a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for cells in rows:
            sheet.append(list(cells))
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def read(
    body: bytes | BinaryIO, rules: Rules = NO_RULES, limits: Limits = LIMITS
) -> tuple[list[Row], dict[int, str]]:
    """Good rows, and reasons by line."""
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    found = list(open_file(stream, rules, limits).rows(limits))
    problems = {one.line: one.reason for one in found if isinstance(one, Problem)}
    chunks = (one for one in found if isinstance(one, Rows))
    return [row for rows in chunks for row in each_row(rows)], problems


def each_row(rows: Rows) -> Iterator[Row]:
    """The rows of a chunk one by one."""
    for line, title, description, source, tier, *others in zip(*rows, strict=True):
        yield Row(line, Ticket(title, description, source, tier), *others)


def refusal(body: bytes | BinaryIO, limits: Limits = LIMITS) -> FileRefused:
    """Why the whole file is refused; the test fails where it is not."""
    with pytest.raises(FileRefused) as caught:
        read(body, limits=limits)
    return caught.value


def dataset(*bodies: bytes) -> Dataset:
    """The dataset of files named 0.csv, 1.csv ... in this order."""
    return dataset_of({f"{number}.csv": body for number, body in enumerate(bodies)})


def dataset_of(bodies: dict[str, bytes], rules: Rules = NO_RULES) -> Dataset:
    """The dataset of these files below incoming/, oldest first."""
    named = {f"incoming/{name}": body for name, body in bodies.items()}
    files = [SourceFile(name, n, len(body), "") for n, (name, body) in enumerate(named.items())]
    return build_dataset(files, lambda file: io.BytesIO(named[file.name]), rules)


def report(body: bytes, rules: Rules = NO_RULES) -> FileReport:
    """The report of one file alone."""
    return dataset_of({"0.csv": body}, rules).reports[0]


def endless(*chunks: Iterable[bytes]) -> Endless:
    """A stream of these chunks, one after the other."""
    return Endless(chunk for some in chunks for chunk in some)


class Endless(io.RawIOBase):
    """A stream of chunks that are made when they are read; `taken` counts the bytes read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._left = b""
        self.taken = 0

    @property
    def stream(self) -> BinaryIO:
        """Itself, as the type that the reader asks for."""
        return cast(BinaryIO, self)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._left = self._left or next(self._chunks, b"")
        given, self._left = self._left[:size], self._left[size:]
        self.taken += len(given)
        return given
