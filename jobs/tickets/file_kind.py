"""What a file that is not plain text is, told from its first bytes and in its owner's words."""

from __future__ import annotations

import re

READ_HERE = (
    "What is read here: CSV, TSV, text, JSON, Excel workbooks, tables of web pages, and gzip or zip"
    " of one of these."
)
UNPACK = f"unpack it and drop what is inside. {READ_HERE}"

_ARCHIVE = "this is {} archive; " + UNPACK
_TABLE = "export the tickets as a table. " + READ_HERE
_PICTURE = "this is a picture, not a table; " + _TABLE

_BEGINNINGS = (
    (b"BZh", _ARCHIVE.format("a bzip2")),
    (b"\xfd7zXZ", _ARCHIVE.format("an xz")),
    (b"7z\xbc\xaf", _ARCHIVE.format("a 7z")),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE.format("a zstd")),
    (b"Rar!", _ARCHIVE.format("a RAR")),
    (b"%PDF", "this is a PDF, not a table; " + _TABLE),
    (b"PAR1", "this is a Parquet file; " + _TABLE),
    (b"SQLite format 3", "this is a SQLite database; " + _TABLE),
    (b"{\\rtf", "this is a text document (RTF), not a table; " + _TABLE),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
)
_MAIL_HEADERS = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?mime-version:", re.I)
"""What a web archive begins with; a ticket may quote the same further down."""


def why_not_text(head: bytes) -> str | None:
    """Why a file with these first kilobytes is no text with tickets; None when it may be one."""
    if not head:
        return "the file is empty."
    known = (reason for beginning, reason in _BEGINNINGS if head.startswith(beginning))
    if reason := next(known, None):
        return reason
    if _MAIL_HEADERS.match(head) and b"multipart/related" in head.lower():
        return "this is a web archive (.mht), not a table; " + _TABLE
    controls = sum(byte < 32 and byte not in b"\t\n\r" for byte in head)
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(0) >= len(head) / 3
    if controls > len(head) / 10 and not is_wide:
        return "this is a binary file, not a table; " + _TABLE
    return None
