"""What is no CSV is recognised by its first bytes and named in its owner's words."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from jobs.tickets.file_kind import why_not_text
from tests.support.job.csv_files import csv_bytes, refusal, row

CSV = csv_bytes(row(1))
ELF = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\x02\0\x3e" + bytes(range(64))


def zipped(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (gzip.compress(CSV), "gzip"),
        (bz2.compress(CSV), "bzip2"),
        (lzma.compress(CSV), "an xz"),
        (zipped("tickets.csv"), "zip"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old kind"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"SQLite format 3\0", "SQLite"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (ELF, "binary"),
        (bytes(5_000), "binary"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b" \n<?xml version='1.0'?>", "XML"),
        (b'{"title": "x"}', "JSON"),
        (b'\xef\xbb\xbf[{"title": "x"}]', "JSON"),
    ],
)
def test_a_file_of_another_kind_is_named(body: bytes, kind: str) -> None:
    reason = why_not_text(body)
    assert reason
    assert kind in reason
    assert reason.endswith(".")
    assert refusal(body).reason == reason


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_wide_text_is_named_with_and_without_its_mark(encoding: str) -> None:
    reason = why_not_text(CSV.decode().encode(encoding))
    assert reason
    assert "UTF-16 or UTF-32" in reason


@pytest.mark.parametrize(
    "body",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        "Größe,注文番号,сбой\n".encode(),
        CSV.decode().encode("cp1252"),
        b"[ticket],label_urgency\n",
        b"Title,label_urgency\nPK\x03\x04 is how a zip begins,urgent\n",
        b"a,b\n" + b"x\0" * 3 + b"y" * 60,
        b"\n",
    ],
)
def test_text_may_be_a_csv(body: bytes) -> None:
    assert why_not_text(body) is None
