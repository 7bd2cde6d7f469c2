"""Lines of every kind, and hostile floods: refused after few blocks, in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.lines import split_lines
from tests.support.job.csv_files import HEADER, Endless, csv_bytes, read, refusal, row

MIB = 2**20


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_every_line_end_and_a_bom_are_read(end: str, bom: bytes) -> None:
    rows, problems = read(bom + csv_bytes(row(1), row(2), end=end))
    assert [found.line for found in rows] == [2, 3]
    assert not problems


def test_line_ends_may_be_mixed() -> None:
    body = f"{HEADER}\r\n{row(1)}\r{row(2)}\n{row(3)}".encode()
    assert [found.line for found in read(body)[0]] == [2, 3, 4]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_crlf_split_between_two_blocks_is_one_line_end(size: int) -> None:
    text = "a\r\nb\rc\n\r\nd"
    blocks = (text[at : at + size] for at in range(0, len(text), size))
    assert list(chain.from_iterable(split_lines(blocks))) == ["a", "b", "c", "", "d"]


FLOODS = {
    "newlines": b"\n",
    "CR": b"\r",
    "CRLF": b"\r\n",
    "commas": b",",
    "quotes": b'"',
    "quotes in lines": b'"\n',
    "commas in lines": b",\n",
    "NUL": b"\0",
    "a long line": b"x",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_64_mb_of_nothing_are_refused_after_few_blocks_in_bounded_memory(flood: bytes) -> None:
    stream = Endless(chain([csv_bytes(row(1))], repeat(flood * (MIB // len(flood)), 64)))
    tracemalloc.start()
    try:
        reason = refusal(stream.stream, Limits(object_bytes=32 * MIB)).reason
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reason
    assert stream.taken <= (33 if flood == b"\0" else 4) * MIB
    assert peak < 64 * MIB


def million_columns() -> Iterator[bytes]:
    return repeat(b"column," * 1_000, 1_000)


def one_huge_cell() -> Iterator[bytes]:
    return chain([csv_bytes(row(1)), b'T-2,,Ticket,"'], repeat(b"x" * MIB, 200))


@pytest.mark.parametrize("chunks", [million_columns, one_huge_cell])
def test_endless_lines_are_refused_early(chunks: Callable[[], Iterator[bytes]]) -> None:
    stream = Endless(chunks())
    assert "longer than" in refusal(stream.stream).reason
    assert stream.taken < 3 * MIB


def test_a_huge_cell_of_many_lines_costs_bounded_memory_and_no_good_row() -> None:
    chunks = chain(
        [csv_bytes(row(1), row(2, '"quoted"')), b'T-2,,Ticket,"'],
        repeat(b"a line of a log, of many lines\n" * 4_096, 8),
        [csv_bytes(row(3, '"quoted"'))],
    )
    tracemalloc.start()
    try:
        rows, _ = read(Endless(chunks).stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {"T-1", "T-3"} <= {found.ticket_id for found in rows}
    assert peak < 64 * MIB


def test_lines_beyond_their_cap_are_refused() -> None:
    with pytest.raises(FileRefused, match="more than 3 lines"):
        list(split_lines(iter(["a\nb\nc\nd\n"]), Limits(lines=3)))


def test_blank_lines_between_rows_are_allowed() -> None:
    assert len(read(csv_bytes(*(row(n) + "\n\n" for n in range(3_000))))[0]) == 3_000
