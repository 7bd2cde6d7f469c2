from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from data.generator.bad_lines import BAD_LINES
from jobs.tickets.dataset import build_dataset
from jobs.tickets.split import text_hash
from tests.support.job.csv_files import csv_bytes, dataset, row
from urgency.errors import CorruptObject, Gone
from urgency.records import SourceFile


def test_the_last_row_of_a_ticket_counts_and_conflicts_are_reported() -> None:
    old = csv_bytes(row(1), row(2), ",,t,same  text,web,free,non-urgent")
    new = csv_bytes(row(1, "edited", "urgent"), "T-9,,t,same text,web,free,non-urgent")
    data = dataset(old, new)
    assert data.columns.file.counts() == {"incoming/0.csv": 1, "incoming/1.csv": 2}
    assert data.columns.line.tolist() == [3, 2, 3]
    assert [(a.accepted, a.duplicate) for a in data.reports] == [(1, 2), (2, 0)]
    assert data.conflicts == 1


def test_a_refused_file_leaves_nothing_behind_and_the_others_are_read() -> None:
    late = csv_bytes(row(7), row(8)) + b"x" * (2**20 + 1)
    data = dataset(csv_bytes(row(1)), late, b"", csv_bytes(), csv_bytes(row(2)))
    assert data.columns.ticket_id.tolist() == [text_hash("T-1"), text_hash("T-2")]
    taken, *refused, also_taken = data.reports
    assert [report.status for report in (taken, also_taken)] == ["accepted"] * 2
    assert [report.status for report in refused] == ["set aside"] * 3
    assert [len(report.problems) for report in data.reports] == [0, 1, 1, 1, 0]
    assert [report.records for report in data.reports] == [1, 0, 0, 0, 1]


def test_errors_of_the_stream_pass_through() -> None:
    def gone(file: SourceFile) -> io.BytesIO:
        raise Gone(file.name)

    with pytest.raises(Gone):
        build_dataset([SourceFile("incoming/a.csv", 1, 1, "")], gone)


def one_line(rng: random.Random) -> str:
    """Words without punctuation, as of a help desk that stripped its texts."""
    return " ".join("".join(rng.choices("aeinrst", k=5)) for _ in range(12))


def code_review(rng: random.Random) -> str:
    """Quotes within quotes, commas and typographic quotes, as of an issue tracker."""
    return f'"File: {one_line(rng)}.c, line 7: “{one_line(rng)}” in: ""if( x, y )"" is wrong."'


def paragraphs(rng: random.Random) -> str:
    """Many lines in one cell, as of a customer support form."""
    return f'"I\'m having an issue.\n\n{one_line(rng)}\n\n{one_line(rng)}, thanks."'


@pytest.mark.parametrize("text", [one_line, code_review, paragraphs])
def test_exports_are_read_whole(text: Callable[[random.Random], str]) -> None:
    rng = random.Random(7)
    labels = ["urgent" if number % 9 == 0 else "non-urgent" for number in range(5_000)]
    rows = (f"X-{number},,,{text(rng)},,,{label}" for number, label in enumerate(labels))
    data = dataset(csv_bytes(*rows))
    assert (data.reports[0].records, data.reports[0].quarantined) == (5_000, 0)
    assert data.columns.urgent.mean() == pytest.approx(1 / 9, abs=0.001)
    assert data.columns.ticket_id.tolist() == [text_hash(f"X-{number}") for number in range(5_000)]


def updated(number: int, text: str, at: str, label: str = "low") -> str:
    return f"T-{number},{text},{at},{label}"


def test_of_a_ticket_the_row_that_was_updated_last_counts_whatever_came_last() -> None:
    header = "ticket_id,title,updated_at,label_urgency"
    new = csv_bytes(
        updated(1, "text one edited", "2025-03-02", "urgent"), updated(2, "two", ""), header=header
    )
    old = csv_bytes(
        updated(1, "text one", "2025-03-01"), updated(2, "two again", ""), header=header
    )
    data = dataset(new, old)
    assert sorted(text.title for text in data.texts.values()) == ["text one edited", "two again"]
    assert [told.replaced for told in data.reports] == [
        {"incoming/1.csv": 1},
        {"incoming/0.csv": 1},
    ]


def test_what_a_file_replaced_is_told_by_file() -> None:
    data = dataset(csv_bytes(row(1), row(2)), csv_bytes(row(3)), csv_bytes(row(1), row(3), row(4)))
    assert data.reports[2].replaced == {"incoming/0.csv": 1, "incoming/1.csv": 1}
    assert [told.duplicate for told in data.reports] == [1, 1, 0]


def test_a_file_that_is_damaged_on_its_way_twice_is_set_aside_and_once_is_read() -> None:
    body, opened = csv_bytes(row(1)), {"incoming/a.csv": 0, "incoming/b.csv": 0}

    def fails(file: SourceFile) -> io.BytesIO:
        opened[file.name] += 1
        if file.name == "incoming/b.csv" or opened[file.name] == 1:
            raise CorruptObject("other bytes")
        return io.BytesIO(body)

    files = [SourceFile(name, n, 1, "") for n, name in enumerate(opened)]
    first, second = build_dataset(files, fails).reports
    assert (first.status, second.status) == ("accepted", "set aside")
    assert opened == {"incoming/a.csv": 2, "incoming/b.csv": 2}
    assert "upload the file again" in second.problems[0].reason


def test_the_broken_file_of_the_repository_is_read_as_its_readme_says() -> None:
    told = dataset((Path(__file__).parents[3] / "data" / "bad.csv").read_bytes()).reports[0]
    assert (told.accepted, told.duplicate, told.unlabelled, told.quarantined) == (31, 2, 1, 6)
    assert {problem.line for problem in told.problems} == {
        bad.line for bad in BAD_LINES if bad.then.startswith("quarantined")
    }


@pytest.mark.parametrize("first", ["  Ticket   Id ", "a name of " + 60 * "more ", "\u200bcode"])
def test_a_header_that_comes_again_is_no_row_however_its_first_name_is_written(first: str) -> None:
    part = csv_bytes("1,tills down,urgent", "2,toner,low", header=f"{first},title,priority")
    data = dataset(part + part.replace(b"tills", b"screens").replace(b"toner", b"paper"))
    [report] = data.reports
    taken = report.accepted + report.duplicate
    assert (report.records, taken, report.quarantined) == (4, 4, 0)
