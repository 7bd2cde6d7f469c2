"""mapping.csv: what a file's owner answers holds for its folder and all folders below."""

from __future__ import annotations

import pytest

from jobs.tickets.mapping import NOT_A_RULE, is_mapping
from jobs.tickets.rules import Rules
from tests.support.job.csv_files import csv_bytes, dataset_of, xlsx_bytes

TICKETS = csv_bytes(
    *(f"text {n},{'rot' if n % 2 else 'grau'}" for n in range(20)), header="Wort,prio"
)
ANSWER = b"column,Wort,title\nlabel,ROT,urgent\nlabel,grau,non-urgent\n"


def statuses(bodies: dict[str, bytes], rules: Rules | None = None) -> list[str]:
    return [told.status for told in dataset_of(bodies, rules or Rules()).reports]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("incoming/mapping.csv", True),
        ("incoming/a/Mapping.CSV", True),
        ("incoming/my-mapping.csv", False),
        ("incoming/mapping.csv/a.csv", False),
    ],
)
def test_a_mapping_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert is_mapping(name) is is_one


def test_an_answer_makes_a_file_readable_whenever_it_was_dropped() -> None:
    assert statuses({"a.csv": TICKETS}) == ["set aside"]
    assert statuses({"a.csv": TICKETS, "mapping.csv": ANSWER}) == ["accepted"] * 2
    assert statuses({"mapping.csv": ANSWER, "a.csv": TICKETS}) == ["accepted"] * 2


def test_it_holds_for_its_folder_and_below_and_not_beside_it() -> None:
    bodies = {"x/mapping.csv": ANSWER, "x/a.csv": TICKETS, "x/y/b.csv": TICKETS, "c.csv": TICKETS}
    assert statuses(bodies) == ["accepted", "accepted", "accepted", "set aside"]


def test_the_nearer_answer_counts_and_then_the_installations() -> None:
    other = b"label,rot,non-urgent\nlabel,grau,urgent\n"
    data = dataset_of(
        {"mapping.csv": ANSWER, "x/mapping.csv": other, "x/a.csv": TICKETS},
        Rules(labels={"rot": True}),
    )
    read_as = data.reports[2].read_as
    assert read_as
    assert (set(read_as.urgent), set(read_as.other)) == ({"grau"}, {"rot"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_it_is_read_in_the_ways_a_spreadsheet_saves_it(encoding: str, separator: str) -> None:
    body = ANSWER.decode().replace(",", separator).encode(encoding)
    assert statuses({"mapping.csv": body, "a.csv": TICKETS}) == ["accepted"] * 2


def test_a_row_that_is_no_rule_is_told_and_the_others_hold() -> None:
    body = ANSWER + b"column,Wort\nlabel,blau,\ncolumn,Wort,colour\nlabel,,non-urgent\n"
    told = dataset_of({"mapping.csv": body, "a.csv": TICKETS}).reports
    assert (told[0].accepted, told[0].quarantined, told[0].status) == (4, 3, "partly")
    assert told[0].problems[1].reason == NOT_A_RULE
    assert told[1].accepted == 20


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (xlsx_bytes([["column", "Wort", "title"]]), "save it as CSV"),
        (b"label,x,urgent\n" * 10_001, "more than 10,000 rows"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_set_aside_and_the_others_are_read(
    body: bytes, reason: str
) -> None:
    good = csv_bytes("a,urgent", "b,low", header="title,prio")
    first, second = dataset_of({"mapping.csv": body, "a.csv": good}).reports
    assert (first.status, second.status) == ("set aside", "accepted")
    assert reason in first.problems[0].reason


def test_a_column_that_is_to_be_ignored_is_not_read() -> None:
    tickets = csv_bytes("a,b,urgent", "c,d,low", header="title,source,prio")
    body = b"column,source,ignore\n"
    columns = dataset_of({"mapping.csv": body, "a.csv": tickets}).columns
    assert columns.categories["source"].counts() == {"": 2}
