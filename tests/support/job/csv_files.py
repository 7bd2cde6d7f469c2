"""CSVs for tests: small good ones, and endless ones that are never whole in memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pytest

from jobs.tickets.dataset import Dataset, build_dataset
from jobs.tickets.lines import FileRefused
from jobs.tickets.reader import Row, read_csv
from urgency.records import SourceFile

HEADER = "ticket_id,created_at,title,description,source,customer_tier,label_urgency"


def row(
    number: int, description: str = "the printer is out of toner", label: str = "non-urgent"
) -> str:
    return f"T-{number},2025-01-31,Ticket {number},{description},web,free,{label}"


def csv_bytes(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *rows)).encode()


def read(body: bytes) -> tuple[list[Row], dict[int, str]]:
    """Good rows, and reasons by line."""
    read_rows = list(read_csv(io.BytesIO(body)).rows)
    good = [found for found in read_rows if isinstance(found, Row)]
    return good, {found.line: found.reason for found in read_rows if not isinstance(found, Row)}


def refusal(body: bytes) -> FileRefused:
    """Why the whole file is refused; the test fails where it is not."""
    with pytest.raises(FileRefused) as caught:
        read(body)
    return caught.value


def dataset(*bodies: bytes) -> Dataset:
    """The dataset of files named 0.csv, 1.csv ... in this order."""
    files = (SourceFile(f"incoming/{n}.csv", n, len(body), "") for n, body in enumerate(bodies))
    return build_dataset(files, lambda file: io.BytesIO(bodies[file.generation]))


class Endless(io.RawIOBase):
    """A stream of chunks that are made when they are read; `taken` counts the bytes read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._left = b""
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._left = self._left or next(self._chunks, b"")
        given, self._left = self._left[:size], self._left[size:]
        self.taken += len(given)
        return given
