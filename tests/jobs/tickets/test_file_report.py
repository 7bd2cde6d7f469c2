"""What is stored of every file: its counts add up, and what is read is what was written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jobs.tickets.file_report import FileReport, Problem, reports_from_json, reports_to_json
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
)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"quarantined": 0}, "accepted"),
        ({"quarantined": 1}, "partly"),
        ({"accepted": 0}, "partly"),
        ({"accepted": 0, "duplicate": 0}, "quarantined"),
        ({"accepted": 0, "duplicate": 0, "quarantined": 0}, "quarantined"),
    ],
)
def test_a_files_status_follows_from_its_counts(changes: dict[str, int], status: str) -> None:
    assert replace(REPORT, **changes).status == status


def test_records_are_all_rows_whatever_came_of_them() -> None:
    assert REPORT.records == 10


def test_reports_read_back_as_written() -> None:
    assert reports_from_json(reports_to_json([REPORT])) == (REPORT,)
    assert reports_from_json(reports_to_json([])) == ()
    read = dataset(csv_bytes(row(1), row(2, label="?"), header=HEADER.upper()), b"\x1f\x8b").reports
    assert reports_from_json(reports_to_json(read)) == read


@pytest.mark.parametrize(
    "damage",
    [
        {"problems": 3},
        {"problems": [[1]]},
        {"columns_ignored": "Comment"},
        {"shadow": 1},
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
    [report] = dataset(csv_bytes(row(0), *(row(n, label="?") for n in range(1_500)))).reports
    assert (len(report.problems), report.more, report.quarantined) == (1_000, 500, 1_500)
    assert report.status == "partly"
