"""Bytes -> physical lines of text, in bounded memory and linear time whatever the bytes are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from jobs.tickets.file_kind import CONTROLS, why_not_text
from urgency.errors import UrgencyError

_BLOCK = 256 * 1024
_HEAD = 4096
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one file; `line_bytes` also caps a record of many lines, in characters."""

    object_bytes: int = 512 * 2**20
    line_bytes: int = 2**20
    columns: int = 64
    rows: int = 5_000_000


LIMITS = Limits()


class FileRefused(UrgencyError):
    """A file cannot be read at all; `reason` is for its owner, `line` is where reading stopped."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class Line(NamedTuple):
    """A physical line without its end and control characters; `damaged`: it was not UTF-8."""

    number: int
    text: str
    damaged: bool


def read_lines(stream: BinaryIO, limits: Limits = LIMITS) -> Iterator[Line]:
    """Lines from 1, ended by CR, LF or CRLF, mixed at will; a BOM is dropped.

    Raises FileRefused for what is not text, is not UTF-8, or is beyond a cap. A file that has shown
    to be UTF-8 (by an earlier character beyond ASCII) does not lose all its rows to one broken
    byte: that line is marked as damaged.
    """
    is_utf8 = False
    for number, raw in enumerate(_split(_checked_blocks(stream, limits), limits.line_bytes), 1):
        if len(raw) > limits.line_bytes:
            raise FileRefused(
                number, f"line {number:,} is longer than {limits.line_bytes:,} bytes; no ticket is."
            )
        try:
            line = Line(number, raw.decode(), damaged=False)
        except UnicodeDecodeError:
            if not is_utf8:
                raise FileRefused(number, _not_utf8(number)) from None
            line = Line(number, raw.decode(errors="replace"), damaged=True)
        is_utf8 = is_utf8 or not line.text.isascii()
        yield line


def _not_utf8(number: int) -> str:
    return (
        f"line {number:,} holds the first byte that is not UTF-8; the file probably is"
        ' Windows-1252, which is what Excel writes as plain "CSV": save it as "CSV UTF-8" and drop'
        " it again."
    )


def _split(blocks: Iterator[bytes], longest: int) -> Iterator[bytes]:
    """Lines without their ends; one longer than `longest` comes in pieces longer than `longest`."""
    rest = b""
    for block in blocks:
        lines = (rest + block).splitlines(keepends=True)
        # A last CR may be one half of a CRLF whose LF is in the next block.
        complete = not lines or lines[-1].endswith(b"\n") or len(lines[-1]) > longest + len(b"\r\n")
        rest = b"" if complete else lines.pop()
        for line in lines:
            yield line.rstrip(b"\r\n")
    if rest:
        yield rest.rstrip(b"\r\n")


def _checked_blocks(stream: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """The stream's bytes without control characters and BOM, once they look like text."""
    size_bytes = 0
    for block in _blocks(stream):
        if not size_bytes and (reason := why_not_text(block[:_HEAD])):
            raise FileRefused(1, reason)
        body = block if size_bytes else block.removeprefix(_BOM)
        size_bytes += len(block)
        if size_bytes > limits.object_bytes:
            raise FileRefused(
                1,
                f"the file is larger than {limits.object_bytes:,} bytes; split it into smaller"
                " ones.",
            )
        yield body.translate(None, CONTROLS)


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
