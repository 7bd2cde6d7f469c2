from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from jobs.tickets.reader import read_label
from tests.support.job.csv_files import csv_bytes, read, refusal, row


def test_a_good_file_gives_every_row_with_its_line() -> None:
    rows, problems = read(csv_bytes(row(1), row(2, label="urgent")))
    assert [(r.line, r.ticket_id, r.ticket.title, r.urgent) for r in rows] == [
        (2, "T-1", "Ticket 1", False),
        (3, "T-2", "Ticket 2", True),
    ]
    assert not problems


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(1, label="asap"), "label_urgency is neither urgent nor non-urgent."),
        (row(1, label=""), "label_urgency is neither urgent nor non-urgent."),
        (
            "T-1,,, ,web,free,urgent",
            "title and description are both empty; a ticket needs one of them.",
        ),
        (row(1, "x" * 70_000), "description has 70,000 characters; at most 65,536 are read."),
        (row(1)[:-11], "the row has 6 fields, the header has 7."),
        (row(1, "Printer down, again"), "the row has 8 fields, the header has 7."),
        ("x" * 201 + row(1), "ticket_id has more than 200 characters."),
    ],
)
def test_a_bad_row_is_quarantined_by_line_and_reason(line: str, reason: str) -> None:
    rows, problems = read(csv_bytes(row(7), line, row(8)))
    assert [r.ticket_id for r in rows] == ["T-7", "T-8"]
    assert problems == {3: reason}


def test_nul_and_control_characters_are_dropped_everywhere() -> None:
    rows, _ = read(csv_bytes("T\0-1,,Tic\x07ket,scan\x00ner,web,free,urg\0ent"))
    assert rows[0][1:4] == (rows[0].ticket, True, "T-1")
    assert (rows[0].ticket.title, rows[0].ticket.description) == ("Ticket", "scanner")


@pytest.mark.parametrize("text", ["null", "NA", "NaN", "0012", "=1+1", "True"])
def test_cells_stay_text(text: str) -> None:
    assert read(csv_bytes(row(1, text)))[0][0].ticket.description == text


@pytest.mark.parametrize(
    ("label", "urgent"),
    [
        ("urgent", True),
        (" URGENT ", True),
        ("Non-Urgent", False),
        ("non urgent", False),
        ("not_urgent", False),
        ("nonurgent", False),
        ("non\u2011urgent", False),
        ("1", None),
        ("yes", None),
        ("high", None),
        ("", None),
    ],
)
def test_labels_are_urgent_or_non_urgent_and_nothing_is_guessed(
    label: str, urgent: bool | None
) -> None:
    assert read_label(label) is urgent


def zipped(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "no header"),
        (csv_bytes(row(1)).decode().encode("utf-16"), "UTF-16"),
        (csv_bytes(row(1)).decode().encode("utf-16-le"), "UTF-16"),
        (csv_bytes(row(1)).decode().encode("utf-16-be"), "UTF-16"),
        (csv_bytes(row(1)).decode().encode("utf-32"), "UTF-16 or UTF-32"),
        (csv_bytes(row(1)).decode().encode("utf-32-be"), "UTF-16 or UTF-32"),
        (gzip.compress(csv_bytes(row(1))), "gzip"),
        (zipped("tickets.csv"), "zip"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\x02\0\x3e" + bytes(range(64)), "binary"),
        (bytes(5_000), "binary"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b'{"title": "x"}', "JSON"),
        (csv_bytes(row(1)).replace(b",", b";"), "semicolons"),
        (csv_bytes(row(1)).replace(b",", b"\t"), "tabs"),
        (csv_bytes(row(1)).replace(b",", b"|"), "vertical bars"),
        (
            csv_bytes(row(1), row(2, "Störung")).decode().encode("cp1252"),
            "line 3 holds the first byte",
        ),
        (csv_bytes(row(1), header="title,description"), "no column label_urgency"),
        (csv_bytes(row(1), header="source,label_urgency"), "title or description"),
        (
            csv_bytes(row(1), header="Title,label_urgency, title "),
            "2 columns would be read as title: Title, title",
        ),
        (csv_bytes(row(1), header='"Title,label_urgency'), "the header cannot be read"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_plain_words(body: bytes, told: str) -> None:
    assert told in refusal(body).reason
