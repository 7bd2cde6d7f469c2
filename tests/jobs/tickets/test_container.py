"""What a file is follows from its content: text, gzip of a text, a workbook, or a clear refusal."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from datetime import date, datetime

import openpyxl
import openpyxl.styles
import pytest

from jobs.tickets.container import Text, Workbook, open_container
from jobs.tickets.limits import FileRefused, Limits
from jobs.tickets.workbook import cell_text
from tests.support.job.csv_files import (
    HEADER,
    Endless,
    csv_bytes,
    endless,
    read,
    refusal,
    report,
    row,
    xlsx_bytes,
)

CSV = csv_bytes(row(1), row(2))
CELLS = [line.split(",") for line in CSV.decode().splitlines()]


def text_of(body: bytes) -> bytes:
    container = open_container(io.BytesIO(body))
    assert isinstance(container, Text)
    return b"".join(container.blocks)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(CSV),
        gzip.compress(CSV[:40]) + gzip.compress(CSV[40:]),
        gzip.compress(CSV) + bytes(512),
        gzip.compress(gzip.compress(b"")[:0] + CSV, 0),
    ],
    ids=["one member", "two members", "padded", "stored"],
)
def test_gzip_is_known_by_its_bytes_and_read_whole(packed: bytes) -> None:
    assert text_of(packed) == CSV
    assert [one.ticket_id for one in read(packed)[0]] == ["T-1", "T-2"]


def test_a_damaged_gzip_is_refused_and_one_that_is_cut_gives_what_it_holds() -> None:
    packed = gzip.compress(CSV)
    assert "damaged" in refusal(packed[:14] + b"\xff\xff\xff" + packed[17:]).reason
    assert text_of(packed[:-6]) == CSV


def test_a_gzip_bomb_is_refused_at_the_bound_with_few_bytes_taken() -> None:
    packer = zlib.compressobj(9, wbits=31)
    block = packer.compress(b"title,label_urgency\n" * 50_000) + packer.flush()
    stream = endless([block], [block] * 2_000)
    container = open_container(stream.stream, Limits(object_bytes=4_000_000))
    assert isinstance(container, Text)
    with pytest.raises(FileRefused, match="unpacks to more than 4,000,000 bytes"):
        list(container.blocks)
    assert stream.taken < 2 * 2**20


def test_a_text_larger_than_the_bound_is_refused_after_the_bound() -> None:
    stream = Endless([CSV] * 100_000)
    with pytest.raises(FileRefused, match="larger than 1,000,000 bytes"):
        read(stream.stream, limits=Limits(object_bytes=1_000_000))
    assert stream.taken < 2_000_000


def test_the_first_sheet_with_a_header_is_read_and_lines_are_rows_of_it() -> None:
    body = xlsx_bytes([["Notes"], ["made", "by", "me"]], CELLS, [["title", "urgent"]])
    rows, problems = read(body)
    assert [(one.line, one.ticket_id) for one in rows] == [(2, "T-1"), (3, "T-2")]
    assert not problems
    read_as = report(body).read_as
    assert read_as
    assert (read_as.kind, read_as.encoding) == ("Excel workbook", "")


def test_a_workbook_in_gzip_and_one_with_lines_above_its_header_are_read() -> None:
    body = xlsx_bytes([["Report", None], [], *CELLS])
    assert [one.line for one in read(gzip.compress(body))[0]] == [4, 5]


def test_cells_of_a_workbook_are_text_as_a_csv_would_say_it() -> None:
    cells = [7.0, 1.5, True, None, date(2025, 1, 31), datetime(2025, 1, 31, 8, 15), "x"]
    said = ["7", "1.5", "true", "", "2025-01-31", "2025-01-31T08:15:00", "x"]
    assert [cell_text(cell) for cell in cells] == said


def zipped(**files: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return body.getvalue()


@pytest.mark.parametrize("inner", [CSV, xlsx_bytes(CELLS), gzip.compress(CSV)])
def test_the_one_file_of_a_zip_archive_is_read(inner: bytes) -> None:
    body = zipped(**{"export__": b"", "export__tickets": inner, "export__.DS_Store": b"x"})
    assert [one.ticket_id for one in read(body)[0]] == ["T-1", "T-2"]


def locked_zip() -> bytes:
    """An archive whose file says that it is encrypted."""
    body = bytearray(zipped(a=CSV))
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zipped(a=CSV, b=CSV), "zip archive of 2 files; unpack it"),
        (zipped(a=zipped(a=CSV)), "zip archive inside another one; unpack it"),
        (zipped(a=b"%PDF-1.7"), "this is a PDF"),
        (zipped(a=CSV)[:-9], "zip archive is damaged"),
        (locked_zip(), "has a password"),
    ],
)
def test_other_archives_are_to_be_unpacked(body: bytes, reason: str) -> None:
    assert reason in refusal(body).reason


def test_a_file_that_unpacks_to_too_much_is_refused_while_it_is_unpacked() -> None:
    body = zipped(a=CSV * 40_000)
    assert len(body) < 50_000
    limits = Limits(object_bytes=1_000_000)
    assert "larger than 1,000,000 bytes" in refusal(body, limits).reason


def far_cell(value: object) -> bytes:
    """A table of three rows, and a cell in the last corner of the sheet."""
    book, body = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(CELLS))), io.BytesIO()
    book.active["XFD1048576"].value = value
    book.active["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    book.save(body)
    return body.getvalue()


def test_a_cell_far_from_the_table_is_told_before_a_sheet_takes_all_memory() -> None:
    said = "spans 1,048,576 rows and 16,384 columns; delete what is far from the table"
    assert said in refusal(far_cell("boo")).reason
    assert [one.ticket_id for one in read(far_cell(None))[0]] == ["T-1", "T-2"]


def test_a_binary_workbook_is_named() -> None:
    body = zipped(xl__workbook=b"", **{"xl__worksheets__sheet1.bin": b"\0"})
    assert ".xlsb" in refusal(body).reason


def newer_zip() -> bytes:
    """A workbook that says it needs a version of zip that does not exist."""
    body = bytearray(xlsx_bytes(CELLS))
    body[body.index(b"PK\x01\x02") + 6] = 200
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (xlsx_bytes([]), "workbook is empty"),
        (xlsx_bytes(CELLS)[:900], "zip archive is damaged"),
        (newer_zip(), "zip archive is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000), "cannot be opened"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    assert reason in refusal(body).reason


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(3_000_000))
    assert len(body.getvalue()) < 10_000
    limits = Limits(object_bytes=2_000_000)
    assert "unpacks to more than 2,000,000" in refusal(body.getvalue(), limits).reason


def test_a_workbook_beyond_its_own_bound_is_refused() -> None:
    limits = Limits(workbook_bytes=2_000)
    assert "larger than 2,000 bytes" in refusal(xlsx_bytes(CELLS), limits).reason


def test_a_file_ending_means_nothing() -> None:
    assert isinstance(open_container(io.BytesIO(xlsx_bytes(CELLS))), Workbook)
    assert text_of(HEADER.encode()) == HEADER.encode()
