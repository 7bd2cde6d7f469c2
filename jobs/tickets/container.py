"""What kind of file it is, by content and not by name: text, workbook, either packed, or none."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, cast

from jobs.tickets.file_kind import READ_HERE, UNPACK, why_not_text
from jobs.tickets.limits import LIMITS, FileRefused, Limits
from jobs.tickets.workbook import check_size, is_workbook, read_sheets

_BLOCK, _HEAD = 256 * 1024, 4096
_NO_FILE = re.compile(r"/$|^__MACOSX/|(?:^|/)\.")  # folders, and what a Mac adds
_GZIP, _ZIP, _OLE = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Text:
    """Blocks of the bytes of a text; `packed` where it came in an archive."""

    blocks: Iterator[bytes]
    packed: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """The rows of each sheet, in order, read when they are asked for; cells as text."""

    sheets: list[Iterator[list[str]]]


def open_container(stream: BinaryIO, limits: Limits = LIMITS) -> Text | Workbook:
    """What is in the stream. Raises FileRefused for what is none of these, or is too large."""
    return _opened(_blocks(stream), limits)


def _opened(blocks: Iterator[bytes], limits: Limits, *, inside: bool = False) -> Text | Workbook:
    """The same; `inside` an archive there is no other one."""
    head = next(blocks)
    packed = head.startswith(_GZIP)
    if packed:
        blocks = _unpacked(chain([head], blocks), limits)
        head = next(blocks, b"")
    if head.startswith((_ZIP, _OLE)):
        body = b"".join(_bounded(chain([head], blocks), limits.workbook_bytes))
        is_zip = head.startswith(_ZIP)
        return _zipped(body, limits, inside=inside) if is_zip else Workbook(read_sheets(body))
    if reason := why_not_text(head[:_HEAD]):
        raise FileRefused(1, reason)
    return Text(_bounded(chain([head], blocks), limits.object_bytes), packed or inside)


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


def _zipped(body: bytes, limits: Limits, *, inside: bool) -> Text | Workbook:
    """A workbook, or the one file of an archive. Raises FileRefused for other archives."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
        files = [one for one in archive.infolist() if not _NO_FILE.search(one.filename)]
        if is_workbook(files):
            check_size(archive, limits)
            return Workbook(read_sheets(body))
        if inside or len(files) != 1:
            held = "inside another one" if inside else f"of {len(files):,} files"
            raise FileRefused(1, f"this is a zip archive {held}; {UNPACK}")
        return _opened(_blocks(cast(BinaryIO, archive.open(files[0]))), limits, inside=True)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError):
        raise FileRefused(1, f"this zip archive is damaged; {READ_HERE}") from None
    except RuntimeError:
        raise FileRefused(1, f"this zip archive has a password; {UNPACK}") from None
