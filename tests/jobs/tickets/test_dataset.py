from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest

from jobs.tickets.dataset import build_dataset
from tests.support.job.csv_files import csv_bytes, dataset, row
from urgency.errors import Gone
from urgency.records import SourceFile


def test_the_frame_has_typed_columns_a_row_a_ticket() -> None:
    frame = dataset(csv_bytes(row(1), row(2, "all tills are down", "urgent"))).frame
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "ticket_id": "str",
        "created_at": "datetime64[us, UTC]",
        "title": "str",
        "description": "str",
        "source": "category",
        "customer_tier": "category",
        "urgent": "bool",
        "file": "category",
        "line": "int64",
        "split_key": "uint64",
        "side": "category",
    }
    assert frame["urgent"].tolist() == [False, True]
    assert frame["line"].tolist() == [2, 3]


def test_no_file_gives_an_empty_frame_of_the_same_columns() -> None:
    empty, full = dataset().frame, dataset(csv_bytes(row(1))).frame
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)


def test_the_last_row_of_a_ticket_counts_and_conflicts_are_reported() -> None:
    old = csv_bytes(row(1), row(2), ",,t,same  text,web,free,non-urgent")
    new = csv_bytes(row(1, "edited", "urgent"), "T-9,,t,same text,web,free,non-urgent")
    data = dataset(old, new)
    assert data.frame["file"].tolist() == ["incoming/0.csv", "incoming/1.csv", "incoming/1.csv"]
    assert data.frame["line"].tolist() == [3, 2, 3]
    assert [(a.accepted, a.duplicate) for a in data.reports] == [(1, 2), (2, 0)]
    assert data.conflicts == 1


def test_a_refused_file_leaves_nothing_behind_and_the_others_are_read() -> None:
    late = csv_bytes(row(7), row(8)) + b"x" * (2**20 + 1)
    data = dataset(csv_bytes(row(1)), late, b"", csv_bytes(), csv_bytes(row(2)))
    assert data.frame["ticket_id"].tolist() == ["T-1", "T-2"]
    taken, *refused, also_taken = data.reports
    assert [report.status for report in (taken, also_taken)] == ["accepted"] * 2
    assert [report.status for report in refused] == ["quarantined"] * 3
    assert [len(report.problems) for report in data.reports] == [0, 1, 1, 1, 0]
    assert [report.records for report in data.reports] == [1, 0, 0, 0, 1]


def test_errors_of_the_stream_pass_through() -> None:
    def gone(file: SourceFile) -> io.BytesIO:
        raise Gone(file.name)

    with pytest.raises(Gone):
        build_dataset([SourceFile("incoming/a.csv", 1, 1, "")], gone)


CELLS = ["plain", '"quo,ted"', '"two\nlines"', '"a ""b"""', "Störung"]
SIGNS = [b"", b'"', b'","', b",", b"\n", b"\r", b"\0"]
BREAKERS = [*SIGNS, b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf"]


def mutated(rng: random.Random) -> bytes:
    """A small good CSV in which bytes were cut, doubled or replaced by what breaks readers."""
    rows = [row(rng.randrange(8), rng.choice(CELLS)) for _ in range(8)]
    body = bytearray(csv_bytes(*rows, end=rng.choice(["\n", "\r", "\r\n"])))
    for _ in range(rng.randrange(6)):
        at, length = rng.randrange(len(body) or 1), rng.randrange(12)
        body[at : at + length] = rng.choice([*BREAKERS, body[:length]])
    return bytes(body)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_bytes_are_nothing_raises_and_every_row_is_accounted_for(seed: int) -> None:
    rng = random.Random(seed)
    bodies = [mutated(rng) for _ in range(400)]
    data = dataset(*bodies)
    accepted = data.frame["file"].value_counts()
    for report in data.reports:
        assert report.accepted == accepted[report.file]
        assert report.records == report.accepted + report.duplicate + report.quarantined
        listed = len(report.problems) + report.more
        assert report.quarantined == (listed if report.records else 0)
        assert (report.status == "accepted") == (not report.problems)
    again = dataset(*bodies)
    assert again.frame.equals(data.frame)
    assert again.reports == data.reports


def test_one_mutated_file_alone_has_as_many_records_as_among_others() -> None:
    bodies = [mutated(random.Random(seed)) for seed in range(100)]
    together = [report.records for report in dataset(*bodies).reports]
    assert together == [dataset(body).reports[0].records for body in bodies]


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
    assert data.frame["urgent"].mean() == pytest.approx(1 / 9, abs=0.001)
    assert set(data.frame["ticket_id"].str[:2]) == {"X-"}
