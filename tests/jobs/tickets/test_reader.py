"""A good row becomes a ticket, a bad one a line and a reason that never repeats a cell."""

from __future__ import annotations

import gzip

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


NO_LABEL = "label_urgency is neither urgent nor non-urgent."
NO_TEXT = "title and description are both empty; a ticket needs one of them."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(1, label="asap"), NO_LABEL),
        (row(1, label=""), NO_LABEL),
        ("T-1,,, ,web,free,urgent", NO_TEXT),
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


NON_URGENT = ("Non-Urgent", "non urgent", "not_urgent", "nonurgent", "non\u2011urgent")


@pytest.mark.parametrize(
    ("urgent", "labels"),
    [
        (True, ("urgent", " URGENT ")),
        (False, NON_URGENT),
        (None, ("1", "yes", "high", "", "urgent!")),
    ],
)
def test_labels_are_urgent_or_non_urgent_and_nothing_is_guessed(
    urgent: bool | None, labels: tuple[str, ...]
) -> None:
    assert [read_label(label) for label in labels] == [urgent] * len(labels)


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b"\n\n  \n", "no header"),
        (gzip.compress(csv_bytes(row(1))), "gzip"),
        (csv_bytes(row(1)).replace(b",", b";"), "semicolons"),
        (csv_bytes(row(1)).replace(b",", b"\t"), "tabs"),
        (csv_bytes(row(1)).replace(b",", b"|"), "vertical bars"),
        (csv_bytes(row(1), row(2, "Störung")).decode().encode("cp1252"), "line 3"),
        (csv_bytes(row(1), header="title,description"), "no column label_urgency"),
        (csv_bytes(row(1), header="source,label_urgency"), "title or description"),
        (csv_bytes(row(1), header="Title,label_urgency, title "), "Title, title"),
        (csv_bytes(row(1), header='"Title,label_urgency'), "the header cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_as_tickets_is_refused_with_what_was_seen(
    body: bytes, seen: str
) -> None:
    assert seen in refusal(body).reason
