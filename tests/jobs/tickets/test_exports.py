"""Exports in the shape that helpdesks write: each is read without help, or the receipt asks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from jobs.tickets.file_report import FileReport
from jobs.tickets.limits import Limits
from tests.support.job.csv_files import refusal, report

LEVELS = ("Urgent", "High", "Medium", "Low")


class Export(NamedTuple):
    """A table: a header, the values that its label takes, and what they are read as.

    `cells`: what stands in columns other than the text ones; `{n}` is the row's number.
    """

    header: str
    cells: str
    title: str
    label: str
    values: Sequence[str]
    urgent: set[str]
    description: str | None = None
    separator: str = ","
    encoding: str = "utf-8"
    above: str = ""
    below: str = ""


EXPORTS = {
    "Zendesk, a view": Export(
        "Id,Subject,Requester,Requested,Ticket status,Priority,Tags,Description",
        '{n},T,Ann,"Mar 01, 2026 08:{n}",Open,P,vip urgent,D',
        "Subject",
        "Priority",
        ("Urgent", "High", "Normal", "Low", "-"),
        {"Urgent", "High"},
        "Description",
    ),
    "Freshdesk, with the job of whoever wrote": Export(
        "Ticket ID,Subject,Status,Priority,Source,Created time,Tags,Full name,Title,Email",
        "{n},T,Closed,P,Email,2026-03-01 08:00:{n},,Ann,CTO,a@x",
        "Subject",
        "Priority",
        LEVELS,
        {"Urgent", "High"},
    ),
    "Jira, repeated columns": Export(
        "Summary,Issue key,Issue id,Priority,Created,Labels,Labels,Description,Comment,Comment",
        "T,SUP-{n},200{n},P,01/Mar/26 8:{n} AM,x,,D,looking,",
        "Summary",
        "Priority",
        ("Highest", "High", "Medium", "Low", "Lowest"),
        {"Highest", "High"},
        "Description",
    ),
    "ServiceNow, no priority but impact and urgency": Export(
        "Number,Opened,Short description,Impact,Urgency,State",
        "INC00100{n},01-03-2026 08:{n}:00,T,2 - Medium,P,Closed",
        "Short description",
        "Urgency",
        ("1 - High", "2 - Medium", "3 - Low"),
        {"1 - High"},
    ),
    "Salesforce, a report with its footer": Export(
        "Case Number,Contact Name,Subject,Priority,Date/Time Opened,Description,Case Origin",
        "00001{n},Ann,T,P,3/1/2026 8:{n} AM,D,Web",
        "Subject",
        "Priority",
        ("High", "Medium", "Low"),
        {"High"},
        "Description",
        below='"Support Cases"\r\n"Copyright (c) 2000-2026 salesforce.com, inc."\r\n',
    ),
    "ServiceDesk Plus, a title above": Export(
        "Request ID,Subject,Description,Requester,Urgency,Request Status",
        "{n},T,D,Ann,P,Closed",
        "Subject",
        "Urgency",
        ("Urgent", "High", "Normal", "Low"),
        {"Urgent", "High"},
        "Description",
        above="All Requests\r\nGenerated on Mar 1, 2026\r\n\r\n",
    ),
    "OTRS in German": Export(
        "Ticketnummer,Erstellt,Priorität,Queue,Titel,Von",
        "20260301100000{n},01.03.2026 08:{n},P,Support,T,Ann",
        "Titel",
        "Priorität",
        ("1 sehr niedrig", "2 niedrig", "3 normal", "4 hoch", "5 sehr hoch"),
        {"4 hoch", "5 sehr hoch"},
        separator=";",
        encoding="cp1252",
    ),
    "GitLab, priorities among the labels": Export(
        "Title,Description,Issue ID,State,Created At (UTC),Labels",
        "T,D,{n},Closed,2026-03-01 08:{n}:00,P",
        "Title",
        "Labels",
        ("priority::1,bug", "priority::2", "ui,priority::3", "severity::4", "bug"),
        {"priority::1", "priority::2"},
        "Description",
    ),
    "Azure DevOps, numbers beside a severity": Export(
        "ID,Work Item Type,Title,State,Priority,Severity,Description",
        "{n},Bug,T,Closed,2,P,D",
        "Title",
        "Severity",
        ("1 - Critical", "2 - High", "3 - Medium", "4 - Low"),
        {"1 - Critical", "2 - High"},
        "Description",
    ),
    "GLPI's API, names of what a number stands for": Export(
        "id,ticket_name,user_name,status_name,entity_name,priority_name,date_creation",
        "1000{n},T,Ann,Novo,G > TI,P,2026-03-01 08:00:{n}",
        "ticket_name",
        "priority_name",
        ("Muito alta", "Alta", "Média", "Baixa"),
        {"Muito alta", "Alta"},
    ),
    "Jira, JSON made a table": Export(
        "key,fields.issuetype.name,fields.summary,fields.priority.name,fields.created",
        "S-{n},Bug,T,P,2026-03-01T08:00:{n}.000+0000",
        "fields.summary",
        "fields.priority.name",
        ("Highest", "High", "Medium", "Low"),
        {"Highest", "High"},
    ),
}


def table(export: Export, rows: int = 60) -> bytes:
    """The export with so many rows, all values of the label in turn."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=export.separator)
    text.write(export.above)
    writer.writerow(export.header.split(","))
    for n in range(10, 10 + rows):
        stands_for = {
            "T": f"Printer {n} is down",
            "D": f'It says "{n}",\nagain.',
            "P": export.values[n % len(export.values)],
        }
        [cells] = csv.reader([export.cells.replace("{n}", str(n))])
        writer.writerow([stands_for.get(cell, cell) for cell in cells])
    return (text.getvalue() + export.below).encode(export.encoding)


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_a_table_is_read_without_help(export: Export) -> None:
    told = report(table(export))
    assert (told.status, told.records, told.quarantined, told.duplicate) == ("accepted", 60, 0, 0)
    assert told.read_as
    columns = told.read_as.columns
    assert columns["title"] == export.title
    assert columns["label_urgency"] == export.label
    assert columns.get("description") == export.description
    assert set(told.read_as.urgent) == export.urgent


def tickets(n: int, **others: object) -> dict[str, Any]:
    return {"id": n, "subject": f"Printer {n} is down", "description": f"text {n}", **others}


def level(n: int) -> str:
    return LEVELS[n % len(LEVELS)]


JIRA_TEXT = {"type": "doc", "content": [{"type": "paragraph", "content": [{"text": "It is hot."}]}]}
DOCUMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "plain members": lambda n: tickets(n, priority=level(n), tags=["vip"], via={"channel": "web"}),
    "a value as an object": lambda n: tickets(n, priority={"id": "3", "name": level(n)}),
    "Jira, members below fields": lambda n: {
        "key": f"S-{n}",
        "fields": {
            "issuetype": {"name": "Bug", "description": "A problem."},
            "summary": f"Printer {n} is down",
            "description": JIRA_TEXT,
            "priority": {"name": level(n)},
        },
    },
    "HubSpot, members below properties": lambda n: {
        "id": str(n),
        "properties": {
            "subject": f"Printer {n}",
            "content": "text",
            "hs_ticket_priority": level(n),
        },
    },
    "GitHub, the priority among the labels": lambda n: {
        "number": n,
        "title": f"Printer {n} is down",
        "body": None,
        "labels": [{"name": "bug"}, {"name": f"priority: {level(n)}"}],
        "milestone": {"title": "May", "description": "x"},
    },
}
FORMS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "a list": json.dumps,
    "a list over many lines": lambda found: json.dumps(found, indent=2),
    "a list with a ticket a line": lambda found: "[" + ",\n".join(map(json.dumps, found)) + "\n]",
    "an answer of an API": lambda found: json.dumps(
        {"users": [{"id": 1, "name": "Ann"}], "tickets": found, "count": len(found), "next": None}
    ),
    "an answer of a graph": lambda found: json.dumps(
        {"data": {"issues": {"edges": [{"node": one} for one in found]}}}
    ),
    "pages put together": lambda found: "\n".join(
        json.dumps({"tickets": page}) for page in (found[:20], found[20:])
    ),
    "lists put together": lambda found: json.dumps(found[:20]) + json.dumps(found[20:]),
    "objects one after the other": lambda found: "\n".join(
        json.dumps(one, indent=1) for one in found
    ),
    "tickets by their ids": lambda found: json.dumps({f"T-{n}": t for n, t in enumerate(found)}),
    "a ticket a line": lambda found: "\n".join(map(json.dumps, found)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("ticket", DOCUMENTS.values(), ids=DOCUMENTS)
def test_json_is_read_in_every_form_that_apis_and_tools_write(
    ticket: Callable[[int], dict[str, Any]], form: Callable[[list[dict[str, Any]]], str]
) -> None:
    told = report(form([ticket(n) for n in range(60)]).encode())
    assert (told.status, told.accepted, told.quarantined) == ("accepted", 60, 0)
    assert told.read_as
    assert sum(told.read_as.urgent.values()) == sum(told.read_as.other.values()) == 30


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ('[{"subject": "a", "priority": "high"},\n {"subject": "b"', 2, "the JSON is damaged here"),
        ("[[1, 2]]", 1, "this JSON holds no list of tickets"),
        ("[]", 1, "this JSON holds no list of tickets"),
        ("[" * 100_000, 1, "the JSON is damaged here"),
        ('{"a": ' * 100_000, 1, "the JSON is damaged here"),
        ('[{"colour": "red"}]', 1, "the first line has 1 cell"),
    ],
)
def test_a_document_that_holds_no_tickets_is_set_aside_with_a_reason(
    body: str, line: int, said: str
) -> None:
    told = report(body.encode())
    assert told.status == "set aside"
    assert told.problems[0].line == line
    assert told.problems[0].reason.startswith(said)


def test_a_text_nested_without_end_costs_its_end_and_nothing_else() -> None:
    text = '{"type": "doc", "text": "hot", "content": [' * 400 + "]}" * 400
    one = '{"id": %d, "subject": "Printer %d", "priority": "%s", "description": ' + text + "}"
    lines = [one % (n, n, level(n)) for n in range(60)]
    for body in ("\n".join(lines), "[" + ",".join(lines) + "]"):
        assert report(body.encode()).accepted == 60


def test_a_document_that_is_too_large_says_what_to_do() -> None:
    body = json.dumps([tickets(n, priority=level(n)) for n in range(60)]).encode()
    assert "more than 2,000 characters; write a ticket a line" in (
        refusal(body, Limits(workbook_bytes=2_000)).reason
    )
    assert "over 2,000,000 objects; write a ticket a line" in (
        refusal(b"[" + b"{}," * 2_000_000 + b"{}]").reason
    )


def prose(names: str, *cells: str) -> FileReport:
    """Forty rows; {n} is the row's number and D a sentence."""
    rows = [
        ",".join(cells).format(n=n, P=level(n)).replace("D", f"The printer near room {n} is down")
        for n in range(40)
    ]
    return report("\n".join([names, *rows]).encode())


@pytest.mark.parametrize(
    "names",
    ["Grievance,Area,Priority", "Grievance,Area,Urgency level", "grievance,Resolution,Prio"],
)
def test_the_only_column_of_sentences_is_the_description(names: str) -> None:
    told = prose(names, "D", "the office {n}", "{P}")
    assert (told.status, told.accepted) == ("accepted", 40)
    assert told.read_as
    assert told.read_as.columns["description"] == names.partition(",")[0]


@pytest.mark.parametrize(
    ("names", "second"),
    [
        ("Resolution notes,Area,Priority", "the office"),
        ("Solução,Area,Priority", "the office"),
        ("Grievance,Wish,Priority", "D again"),
    ],
)
def test_sentences_that_may_be_something_else_are_asked_for(names: str, second: str) -> None:
    told = prose(names, "D", second, "{P}")
    first, other, _ = names.split(",")
    assert told.status == "set aside"
    assert told.problems[0].reason.startswith("the header has no title or description. ")
    assert told.questions[:2] == (f"column,{first},", f"column,{other},")


def test_names_places_and_dates_are_no_sentences() -> None:
    for cell in (
        "Ann Lee {n}",
        "Main Street 10{n} 4711 Springfield US 20{n}",
        "Fri Nov 26 18:39:{n}",
    ):
        assert prose("Who,When,Priority", cell, "x", "{P}").status == "set aside"


def test_one_known_name_above_labels_is_a_header() -> None:
    told = prose("Device,Where,Priority", "printer", "Bonn", "{P}")
    assert told.status == "set aside"
    assert told.questions == ("column,Device,", "column,Where,")


def test_a_cell_that_is_one_of_its_column_s_labels_is_no_header() -> None:
    rows = [f"printer {n},Bonn,{('Urgent', 'Low')[n % 2]}" for n in range(40)]
    assert "Canary" not in repr(report("\n".join(["Canary,Bonn,Urgent", *rows]).encode()))


def test_a_cell_in_brackets_is_no_document() -> None:
    body = table(EXPORTS["OTRS in German"]._replace(above="[Support] Tickets\r\n"))
    assert report(body).accepted == 60


def test_short_numbers_are_asked_for_by_their_values() -> None:
    export = EXPORTS["OTRS in German"]
    told = report(table(export._replace(values=("0", "50", "100"))))
    assert sorted(told.questions) == ["label,0,", "label,100,", "label,50,"]
