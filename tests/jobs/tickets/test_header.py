"""A file without a header whose first ticket happens to speak in column names is seen through."""

from __future__ import annotations

import json

import pytest

from jobs.tickets.file_report import FileReport
from jobs.tickets.rules import Rules
from tests.support.job.csv_files import HEADER, csv_bytes, read, report, row, xlsx_bytes
from urgency.vocabulary import key

LEVELS = ("High", "Low", "Medium", "Urgent")
CANARY = "Canary"


def rest(*shape: str) -> list[str]:
    """Thirty rows; a column is one of those below, or says the same everywhere."""
    return [",".join(_cell(kind, n) for kind in shape) for n in range(30)]


def _cell(kind: str, n: int) -> str:
    cells = {
        "text": f"the printer of room {'abcdefghij'[n % 10] * (1 + n // 10)} is broken",
        "level": LEVELS[n % 4],
        "two": LEVELS[n % 2],
        "id": f"INC{1_000 + n}",
        "number": str(n + 2),
        "date": f"2025-01-{n + 1:02}",
        "channel": ("web", "phone", "mail")[n % 3],
        "person": f"{CANARY}{n}@example.com",
    }
    return cells.get(kind, kind)


HEADERLESS = {
    "Description,Priority,High": ("text", "text", "level"),
    "Priority,Description,High": ("text", "text", "two"),
    "High,Description,Priority": ("level", "text", "text"),
    "Subject,Urgent,Low": ("text", "text", "level"),
    "Message,Canary is late,Urgent": ("text", "text", "level"),
    "1,Subject,Canary,Urgent": ("number", "text", "text", "two"),
    "INC999,2024-12-31,Description,Priority,web,Low": (
        *("id", "date", "text", "text", "channel", "level"),
    ),
    "INC999,Canary999@example.com,Title,Body,Medium": ("id", "person", "text", "text", "level"),
    "Canary,Details,Severity,phone": ("text", "text", "text", "channel"),
    "2024-12-31,Text,Dringend,Canary": ("date", "text", "level", "text"),
    "1,Content,Impact,mail,Canary": ("number", "text", "level", "channel", "text"),
}


def assert_nothing_is_quoted(told: FileReport, cells: int) -> None:
    assert told.status == "set aside"
    assert told.problems[0].reason.startswith(f"the first line has {cells} cells")
    assert (told.columns_ignored, told.questions, told.read_as) == ((), (), None)
    assert CANARY not in repr(told)


@pytest.mark.parametrize("first", HEADERLESS)
@pytest.mark.parametrize("above", [0, 7])
def test_a_first_ticket_in_column_names_is_no_header_and_is_not_quoted(
    first: str, above: int
) -> None:
    rows = rest(*HEADERLESS[first])
    lines = [*rows[:above], first, *rows[above:]]
    assert_nothing_is_quoted(report(csv_bytes(*lines[1:], header=lines[0])), first.count(",") + 1)


def test_a_level_in_each_of_two_lines_is_enough() -> None:
    body = csv_bytes("Printer,broken,Low", header="Description,Priority,High")
    assert_nothing_is_quoted(report(body), 3)


def test_cells_of_a_line_alone_are_not_quoted() -> None:
    told = report(csv_bytes(header="INC999,Title,Canary,Urgent"))
    assert "a header and no rows" in told.problems[0].reason
    assert CANARY not in repr(told)


def test_so_it_is_in_a_workbook() -> None:
    rows = [line.split(",") for line in rest("id", "text", "text", "level")]
    assert_nothing_is_quoted(
        report(xlsx_bytes([["INC999", "Title", "Canary", "Urgent"], *rows])), 4
    )


HEADERS = {
    "Title,Priority": ("text", "level"),
    "Subject,Message,Urgent": ("text", "text", "level"),
    "Title,Dringend": ("text", "two"),
    "ID,Title,Billing,Hardware,Priority": ("number", "text", "Billing", "Hardware", "level"),
    "Title,Priority,2025": ("text", "level", "number"),
    "1,2,Subject,Body,Priority": ("number", "number", "text", "text", "level"),
    "Medium,Text,Impact": ("channel", "text", "level"),
    f"Title,Priority,{'Please tell us what happened and when. ' * 4}": ("text", "level", "text"),
    "Owner,Created,Title,Description,Source,Priority": (
        *("person", "date", "text", "text", "channel", "level"),
    ),
}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("rows", [2, 30])
@pytest.mark.parametrize("again", [False, True])
def test_a_header_is_one_whatever_stands_beneath(header: str, rows: int, again: bool) -> None:
    lines = rest(*HEADERS[header])[:rows]
    body = csv_bytes(*lines, *([header, *lines] if again else []), header=header)
    assert len(read(body)[0]) == rows * (1 + again)
    assert report(body).read_as


def test_tickets_may_be_called_by_the_names_of_their_columns() -> None:
    lines = [row(n, "description", label="urgent" if n % 2 else "low") for n in range(9)]
    lines += [HEADER.replace("ticket_id", f"T-{n}") for n in range(9, 12)]
    assert report(csv_bytes(*lines)).read_as
    told = report(csv_bytes("Urgent,Title", "Not urgent,Text", "Urgent,x", header="Urgent,Title"))
    assert told.read_as


def test_unknown_labels_are_asked_about_under_a_known_name() -> None:
    told = report(
        csv_bytes(*(f"a{n},Stufe {'AB'[n % 2]}" for n in range(20)), header="Title,Priority")
    )
    assert told.questions == ("label,Stufe A,", "label,Stufe B,")


def test_what_its_owner_named_is_a_name() -> None:
    lines = rest("text", "text", "level")
    header = "Description,Priority,High"
    rules = Rules({key("High"): "label_urgency", key("Priority"): "title"})
    assert len(read(csv_bytes(*lines, header=header), rules)[0]) == 30


def test_members_of_objects_are_names() -> None:
    objects = [{"Message": f"m {n}", "Urgent": LEVELS[n % 4]} for n in range(20)]
    assert len(read("\n".join(map(json.dumps, objects)).encode())[0]) == 20
