"""What holds no table is recognised by its first bytes and named in its owner's words."""

from __future__ import annotations

import bz2
import lzma

import pytest

from jobs.tickets.file_kind import READ_HERE, why_not_text
from tests.support.job.csv_files import csv_bytes, refusal, row

CSV = csv_bytes(row(1))
ELF = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\x02\0\x3e" + bytes(range(64))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (bz2.compress(CSV), "bzip2"),
        (lzma.compress(CSV), "an xz"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"SQLite format 3\0", "SQLite"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (ELF, "binary"),
        (b"From: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n", "web archive"),
    ],
)
def test_a_file_of_another_kind_is_named_with_what_is_read_here(body: bytes, kind: str) -> None:
    reason = why_not_text(body)
    assert reason
    assert kind in reason
    assert reason.endswith(READ_HERE)
    assert refusal(body).reason == reason


def test_an_empty_file_is_called_empty() -> None:
    assert why_not_text(b"") == "the file is empty."
    for body in (b"", b"\n\n  \n", b"\xef\xbb\xbf", "\n \n".encode("utf-16"), bytes(5_000)):
        assert "empty" in refusal(body).reason


@pytest.mark.parametrize(
    "body",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        CSV.decode().encode("utf-16-le"),
        CSV.decode().encode("utf-32"),
        "Größe,注文番号,сбой\n".encode(),
        CSV.decode().encode("cp1252"),
        b"[ticket],label_urgency\n",
        b'Title,label_urgency\n"MIME-Version: 1.0\nContent-Type: multipart/related",urgent\n',
        b"Title,label_urgency\nPK\x03\x04 is how a zip begins,urgent\n",
        b"a,b\n" + b"x\0" * 3 + b"y" * 60,
        b"\n",
    ],
)
def test_text_may_hold_tickets(body: bytes) -> None:
    assert why_not_text(body) is None
