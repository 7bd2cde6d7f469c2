"""What is stored of every file: its counts add up, and what is read is what was written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jobs.tickets.file_report import FileReport, Problem, ReadAs, reports_from_json, reports_to_json
from tests.support.job.csv_files import HEADER, csv_bytes, dataset, row
from urgency.errors import CorruptObject

REPORT = FileReport(
    file="incoming/a.csv",
    generation=17,
    size_bytes=900,
    accepted=5,
    duplicate=2,
    quarantined=3,
    problems=(Problem(3, "the row has 6 fields."), Problem(9, "no label.")),
    more=1,
    columns_ignored=("Comment",),
    unread_dates=1,
    read_as=ReadAs("commas", "UTF-8", 1, {"title": "Subject"}, {"High": 4}, {"Low": 6}),
    replaced={"incoming/old.csv": 2},
    questions=("label,Zebra,",),
    notes=("a sentence.",),
)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"quarantined": 0}, "accepted"),
        ({"quarantined": 1}, "partly"),
        ({"accepted": 0}, "partly"),
        ({"accepted": 0, "duplicate": 0}, "quarantined"),
        ({"accepted": 0, "duplicate": 0, "quarantined": 0}, "set aside"),
        ({"accepted": 0, "duplicate": 0, "unlabelled": 1, "quarantined": 0}, "accepted"),
    ],
)
def test_a_files_status_follows_from_its_counts(changes: dict[str, int], status: str) -> None:
    assert replace(REPORT, **changes).status == status


def test_records_are_all_rows_whatever_came_of_them() -> None:
    assert REPORT.records == 10


def test_reports_read_back_as_written() -> None:
    assert reports_from_json(reports_to_json([REPORT])) == (REPORT,)
    assert reports_from_json(reports_to_json([])) == ()
    good = csv_bytes(row(1), row(2, label="?"), header=HEADER.upper())
    read = dataset(good, b"\x1f\x8b", csv_bytes(row(3, label="Zebra"))).reports
    assert reports_from_json(reports_to_json(read)) == read


@pytest.mark.parametrize(
    "damage",
    [
        {"problems": 3},
        {"problems": [[1]]},
        {"columns_ignored": "Comment"},
        {"questions": 3},
        {"read_as": {"kind": 3}},
    ],
)
def test_a_damaged_report_is_corrupt(damage: dict[str, object]) -> None:
    [stored] = json.loads(reports_to_json([REPORT]))
    with pytest.raises(CorruptObject):
        reports_from_json(json.dumps([stored | damage]).encode())


@pytest.mark.parametrize("body", [b"", b"{}x", b'[{"file": 1}]', b"[1]", b"3", b"\xff"])
def test_what_is_no_list_of_reports_is_corrupt(body: bytes) -> None:
    with pytest.raises(CorruptObject):
        reports_from_json(body)


def test_the_first_thousand_problems_are_kept_and_the_rest_counted() -> None:
    [report] = dataset(csv_bytes(row(0), *["a,b"] * 1_500)).reports
    assert (len(report.problems), report.more, report.quarantined) == (1_000, 500, 1_500)
    assert report.status == "partly"


def test_members_of_a_newer_version_are_left_out_and_missing_ones_have_their_defaults() -> None:
    [stored] = json.loads(reports_to_json([REPORT]))
    for name in ("notes", "questions", "read_as", "replaced", "unlabelled"):
        del stored[name]
    [read] = reports_from_json(json.dumps([stored | {"shadow": 1}]).encode())
    assert (read.notes, read.questions, read.read_as, read.records) == ((), (), None, 10)
