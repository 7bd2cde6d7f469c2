"""A good row becomes a ticket, a bad one a line and a reason that never repeats a cell."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from jobs.report.receipt_page import read_as_sentence
from jobs.tickets.limits import FileRefused, Limits
from tests.support.job.csv_files import (
    HEADER,
    csv_bytes,
    dataset,
    read,
    report,
    row,
    xlsx_bytes,
)


def test_a_good_file_gives_every_row_with_its_line() -> None:
    rows, problems = read(csv_bytes(row(1), row(2, label=" urgent ")))
    assert [(one.line, one.ticket_id, one.ticket.title, one.labels) for one in rows] == [
        (2, "T-1", "Ticket 1", ("non-urgent",)),
        (3, "T-2", "Ticket 2", ("urgent",)),
    ]
    assert not problems


NO_TEXT = "title and description are both empty; a ticket needs one of them."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("T-1,,, ,web,free,urgent", NO_TEXT),
        ("T-1,,nan,NULL,web,free,urgent", NO_TEXT),
        (row(1, "x" * 70_000), "description has 70,000 characters; at most 65,536 are read."),
        (row(1)[:-11], "the row has 6 fields, the header has 7."),
        (row(1, "Printer down, again"), "the row has 8 fields, the header has 7."),
        ("x" * 201 + row(1), "ticket_id has more than 200 characters."),
    ],
)
def test_a_bad_row_is_quarantined_by_line_and_reason(line: str, reason: str) -> None:
    rows, problems = read(csv_bytes(row(7), line, row(8)))
    assert [one.ticket_id for one in rows] == ["T-7", "T-8"]
    assert problems == {3: reason}


@pytest.mark.parametrize("text", ["0012", "=1+1", "True", '=HYPERLINK("x")'])
def test_cells_stay_text(text: str) -> None:
    cell = '"' + text.replace('"', '""') + '"'
    assert read(csv_bytes(row(1, cell)))[0][0].ticket.description == text


@pytest.mark.parametrize("null", ["null", "NA", "NaN", "n/a", "-"])
def test_null_words_are_empty_in_every_column(null: str) -> None:
    [found], _ = read(csv_bytes(f"{null},{null},a title,{null},{null},{null},urgent"))
    ticket = found.ticket
    assert (ticket.description, ticket.source, ticket.customer_tier) == ("", "", "")
    assert (found.ticket_id, found.created_at) == ("", "")


def test_json_lines_are_rows_and_objects_inside_stand_for_their_names() -> None:
    objects = [
        {"id": n, "title": f"text {n}", "priority": {"id": 7, "name": "High" if n % 2 else "Low"}}
        for n in range(6)
    ]
    body = "\n".join(map(json.dumps, objects)).encode() + b"\n\n[1]\nnot json\n"
    told = report(body)
    assert (told.accepted, told.quarantined) == (6, 2)
    assert told.problems[0] == (8, "the line is not a JSON object.")
    assert told.read_as
    assert (told.read_as.kind, told.read_as.urgent) == ("JSON lines", {"High": 3})
    assert "JSON lines; title is the title, id the id" in read_as_sentence(told.read_as)
    packed = report(gzip.compress(body)).read_as
    assert packed
    assert packed.kind == "gzip, JSON lines"


def test_members_may_come_in_any_order_and_be_missing() -> None:
    lines = ['{"title": "a", "urgency": "high"}', '{"urgency": "low", "description": null}']
    rows, problems = read("\n".join([*lines, lines[0]]).encode())
    assert [(one.line, one.labels) for one in rows] == [(1, ("high",)), (3, ("high",))]
    assert problems == {2: NO_TEXT}


def test_caps_on_rows_and_seconds_refuse_the_file() -> None:
    body = csv_bytes(*map(row, range(5_000)))
    for limits, reason in (
        (Limits(rows=4_999), "more than 4,999 rows"),
        (Limits(cpu_s=0.0), "takes more than 0 s"),
    ):
        with pytest.raises(FileRefused, match=reason):
            read(body, limits=limits)
    assert len(read(body, limits=Limits(rows=5_000))[0]) == 5_000


def test_a_file_that_is_mostly_bad_is_given_up() -> None:
    body = csv_bytes(*["a,b"] * 11_000)
    assert "rows cannot be read" in report(body).problems[0].reason


CANARY = re.compile(r"c.n.ry", re.IGNORECASE)


def canaries(text: str = "canary") -> list[list[str]]:
    """Rows good and bad with a canary in every cell that nobody has to understand."""
    labels = ["urgent", "low", f"{text} label", "", "urgent"]
    rows = [[f"{text}-{n}", f"{text} date", text, f"{text} {n}"] for n in range(5)]
    return [[*cells, text, text, label] for cells, label in zip(rows, labels, strict=True)]


def canary_files() -> dict[str, bytes]:
    lines = [",".join(cells) for cells in canaries()]
    broken = [*lines, "canary", "canary,canary", lines[0].replace("canary 0", '"canary "x" y"')]
    no_header = "\n".join(lines)
    members = (dict(zip(HEADER.split(","), cells, strict=True)) for cells in canaries())
    return {
        "good": csv_bytes(*lines),
        "broken": csv_bytes(*broken, *lines),
        "no header": no_header.encode(),
        "no header, one known word": f"subject,{no_header.replace('urgent', 'x')}".encode(),
        "open quote": csv_bytes(*lines, lines[0].replace("canary 0", '"canary'), *lines),
        "labels unknown": csv_bytes(*(line + "canary" for line in lines)),
        "labels are texts": csv_bytes(*lines, header=HEADER.replace("label_urgency", "x")),
        "semicolons mixed": csv_bytes(*(line.replace(",", ";") for line in lines)),
        "cp1252": csv_bytes(*lines).decode().replace("canary", "cänäry").encode("cp1252"),
        "broken bytes": csv_bytes(*lines, "ä" * 9).replace(b"canary", b"canary\xff", 3),
        "jsonl": "\n".join(map(json.dumps, members)).encode() + b"\ncanary",
        "xlsx": xlsx_bytes([HEADER.split(","), *canaries()]),
        "xlsx without header": xlsx_bytes(canaries()),
        "long": csv_bytes(*lines, "canary" * 200_000),
        "preamble": b"canary\ncanary,canary\n" + csv_bytes(*lines),
        "html": b"<html>canary</html>",
        "table": b"<table><tr><td>canary<td>canary<tr><td>canary<td>low</table>",
    }


@pytest.mark.parametrize("name", canary_files())
def test_no_cell_is_in_any_reason_question_or_ignored_column(name: str) -> None:
    told = report(canary_files()[name])
    assert not CANARY.search(repr(told)), told


def test_no_cell_is_in_the_report_of_a_file_beside_others() -> None:
    data = dataset(*canary_files().values())
    assert not CANARY.search(repr(data.reports))
