from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import BinaryIO, cast

import pytest

from jobs.tickets.lines import FileRefused, Limits, read_lines
from jobs.tickets.reader import Row, read_csv
from tests.support.job.csv_files import HEADER, Endless, csv_bytes, read, row


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_every_line_end_and_a_bom_are_read(end: str, bom: bytes) -> None:
    rows, problems = read(bom + csv_bytes(row(1), row(2), end=end))
    assert [r.line for r in rows] == [2, 3]
    assert not problems


def test_line_ends_may_be_mixed() -> None:
    body = f"{HEADER}\r\n{row(1)}\r{row(2)}\n{row(3)}".encode()
    assert [r.line for r in read(body)[0]] == [2, 3, 4]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_crlf_split_between_two_reads_is_one_line_end(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.tickets.lines._BLOCK", size)
    monkeypatch.setattr("jobs.tickets.lines.why_not_text", lambda head: None)
    lines = [(line.number, line.text) for line in read_lines(io.BytesIO(b"a\r\nb\rc\n\r\nd"))]
    assert lines == [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")]


MIB = 2**20


def million_columns() -> Iterator[bytes]:
    return repeat(b"column," * 1_000, 1_000)


def one_huge_cell() -> Iterator[bytes]:
    return chain([csv_bytes(row(1)), b'T-2,,Ticket,"'], repeat(b"x" * MIB, 200))


def no_newline() -> Iterator[bytes]:
    return repeat(b"x" * MIB, 200)


@pytest.mark.parametrize(
    ("chunks", "line"), [(million_columns, 1), (one_huge_cell, 3), (no_newline, 1)]
)
def test_endless_lines_are_refused_early_in_bounded_memory(
    chunks: Callable[[], Iterator[bytes]], line: int
) -> None:
    stream = Endless(chunks())
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused) as caught:
            list(read_csv(cast(BinaryIO, stream)).rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (caught.value.line, "longer than" in caught.value.reason) == (line, True)
    assert stream.taken < 3 * MIB
    assert peak < 16 * MIB


def test_a_huge_cell_of_many_lines_costs_bounded_memory_and_no_good_row() -> None:
    chunks = chain(
        [csv_bytes(row(1)), b'T-2,,Ticket,"'],
        repeat(b"a line of a log, of many lines\n" * 4_096, 16),
        [csv_bytes(row(3))],
    )
    tracemalloc.start()
    try:
        rows = [
            r.ticket_id
            for r in read_csv(cast(BinaryIO, Endless(chunks))).rows
            if isinstance(r, Row)
        ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == ["T-1", "T-3"]
    assert peak < 48 * MIB


def test_caps_on_size_and_rows_refuse_the_file() -> None:
    body = csv_bytes(*map(row, range(5)))
    for limits, reason in (
        (Limits(object_bytes=100), "larger than 100 bytes"),
        (Limits(rows=4), "more than 4 rows"),
    ):
        with pytest.raises(FileRefused, match=reason):
            list(read_csv(io.BytesIO(body), limits=limits).rows)
    assert len(list(read_csv(io.BytesIO(body), limits=Limits(rows=5)).rows)) == 5
