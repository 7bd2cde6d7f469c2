"""What kind of file it is, by content and not by name: text, gzip, a workbook, or none of these."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from jobs.tickets.file_kind import READ_HERE, why_not_text
from jobs.tickets.limits import LIMITS, FileRefused, Limits

_BLOCK, _HEAD = 256 * 1024, 4096
_GZIP, _ZIP, _OLE = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Text:
    """Blocks of the bytes of a text; `packed` where it came as gzip."""

    blocks: Iterator[bytes]
    packed: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """The rows of each sheet, in order, read when they are asked for; cells as text."""

    sheets: list[Iterator[list[str]]]


def open_container(stream: BinaryIO, limits: Limits = LIMITS) -> Text | Workbook:
    """What is in the stream. Raises FileRefused for what is none of these, or is too large."""
    blocks = _blocks(stream)
    head = next(blocks)
    packed = head.startswith(_GZIP)
    if packed:
        blocks = _unpacked(chain([head], blocks), limits)
        head = next(blocks, b"")
    if head.startswith((_ZIP, _OLE)):
        return _workbook(b"".join(_bounded(chain([head], blocks), limits.workbook_bytes)), limits)
    if reason := why_not_text(head[:_HEAD]):
        raise FileRefused(1, reason)
    return Text(_bounded(chain([head], blocks), limits.object_bytes), packed)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Full blocks, however little the stream gives at once; at least one, which may be empty."""
    while True:
        parts, missing = [], _BLOCK
        while missing and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        yield b"".join(parts)
        if missing:
            return


def _bounded(blocks: Iterator[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > most:
            raise FileRefused(1, f"the file is larger than {most:,} bytes; split it.")
        yield block


def _unpacked(blocks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """The bytes of all members of a gzip file, a block at a time however small it was packed."""
    size, is_inside = 0, False
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for block in blocks:
            data = block
            while data:
                body, is_inside = unpacker.decompress(data, _BLOCK), not unpacker.eof
                size += len(body)
                if size > limits.object_bytes:
                    most = f"{limits.object_bytes:,} bytes"
                    raise FileRefused(1, f"the file unpacks to more than {most}; split it.")
                if body:
                    yield body
                data = unpacker.unconsumed_tail
                if unpacker.eof:
                    data = unpacker.unused_data.lstrip(b"\0")
                    unpacker = zlib.decompressobj(wbits=31)
    except zlib.error:
        raise FileRefused(1, "the gzip archive is damaged; pack it and drop it again.") from None
    if is_inside and not limits.cut_gzip:
        raise FileRefused(1, "the gzip archive ends too early; pack it and drop it again.")


def _workbook(body: bytes, limits: Limits) -> Workbook:
    if body.startswith(_ZIP):
        _expect_workbook(body, limits)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        names = book.sheet_names
    except (CalamineError, OSError, ValueError):
        raise FileRefused(1, f"this workbook cannot be opened; {READ_HERE}") from None
    return Workbook([_rows(book, index) for index in range(len(names))])


def _rows(book: CalamineWorkbook, index: int) -> Iterator[list[str]]:
    try:
        for row in book.get_sheet_by_index(index).iter_rows():
            yield [cell_text(cell) for cell in row]
    except (CalamineError, ValueError):
        raise FileRefused(1, f"sheet {index + 1} of the workbook cannot be read.") from None


def _expect_workbook(body: bytes, limits: Limits) -> None:
    """Look at the archive's directory before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise FileRefused(1, f"this zip archive is damaged; {READ_HERE}") from None
    if not any(member.filename.startswith("xl/") for member in members):
        raise FileRefused(1, f"this is a zip archive; unpack it. {READ_HERE}")
    if sum(member.file_size for member in members) > limits.object_bytes:
        raise FileRefused(1, f"the workbook unpacks to more than {limits.object_bytes:,} bytes.")


def cell_text(value: object) -> str:
    """A cell as a CSV of the same table would say it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
