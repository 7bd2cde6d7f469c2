"""What a file that is not plain text is, by its first bytes, in its owner's words."""

CONTROLS = bytes(set(range(32)) - set(b"\t\n\r")) + b"\x7f"
"""Bytes that no ticket needs."""

_SAVE = 'save it as "CSV UTF-8" and drop it again.'
_ARCHIVE = "this is {} archive; unpack it and drop the CSV that is inside."
_WORKBOOK = f"this is an Excel workbook; {_SAVE}"
_PICTURE = f"this is a picture, not a table; {_SAVE}"
_WIDE = f"the text is UTF-16 or UTF-32 (Excel calls it Unicode Text); {_SAVE}"

_BEGINNINGS = (
    (b"\xff\xfe", _WIDE),
    (b"\xfe\xff", _WIDE),
    (b"\0\0\xfe\xff", _WIDE),
    (b"\x1f\x8b", _ARCHIVE.format("a gzip")),
    (b"BZh", _ARCHIVE.format("a bzip2")),
    (b"\xfd7zXZ", _ARCHIVE.format("an xz")),
    (b"7z\xbc\xaf", _ARCHIVE.format("a 7z")),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE.format("a zstd")),
    (b"Rar!", _ARCHIVE.format("a RAR")),
    (b"\xd0\xcf\x11\xe0", f"this is an Excel or Word file of the old kind; {_SAVE}"),
    (b"%PDF", f"this is a PDF, not a table; export the tickets instead, {_SAVE}"),
    (b"PAR1", f"this is a Parquet file; {_SAVE}"),
    (b"SQLite format 3", f"this is a SQLite database; export the tickets, {_SAVE}"),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
)
_MARKUP = (
    (
        (b"<!doctype", b"<html", b"<?xml"),
        f"this is a web page or XML, not a CSV; export the tickets again, {_SAVE}",
    ),
    ((b"{", b"[{"), f"this looks like JSON, not CSV; {_SAVE}"),
)


def why_not_text(head: bytes) -> str | None:
    """Why a file with these first kilobytes cannot be a UTF-8 CSV; None when it may be one."""
    if not head:
        return "the file is empty."
    if head.startswith(b"PK\x03\x04"):
        return (
            _WORKBOOK
            if b"xl/" in head or b"[Content_Types].xml" in head
            else _ARCHIVE.format("a zip")
        )
    opening = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower()
    known = (reason for beginning, reason in _BEGINNINGS if head.startswith(beginning))
    marked_up = (reason for beginnings, reason in _MARKUP if opening.startswith(beginnings))
    return next(known, None) or next(marked_up, None) or _why_not_bytes(head)


def _why_not_bytes(head: bytes) -> str | None:
    """A Latin letter in UTF-16 or UTF-32 is a byte and one or three NULs, always on one side."""
    sides = (head[0::2], head[1::2])
    if head.strip(b"\0") and any(side.count(0) > 0.7 * len(side) > 0 for side in sides):
        return _WIDE
    if len(head.translate(None, CONTROLS)) < 0.9 * len(head):
        return f"this is a binary file, not text; {_SAVE}"
    return None
