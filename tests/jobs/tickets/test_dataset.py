from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import numpy as np
import pytest

from jobs.tickets.dataset import build_dataset
from tests.support.job.csv_files import csv_bytes, dataset, row
from urgency.errors import Gone
from urgency.records import SourceFile

SHARED = Path(__file__).parents[4] / "shared" / "data"


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


@pytest.mark.parametrize(
    ("name", "rows", "urgent"),
    [("endava", 5_431, 0.11), ("nasa_pits_a", 965, 0.34), ("suraj520_nosignal", 8_469, 0.5)],
)
def test_published_tickets_are_read_whole(name: str, rows: int, urgent: float) -> None:
    packed = SHARED / f"{name}.csv.gz"
    if not packed.exists():
        pytest.skip("skipped: shared data absent")
    data = dataset(gzip.decompress(packed.read_bytes()))
    assert (data.reports[0].records, data.reports[0].quarantined) == (rows, 0)
    assert np.isclose(data.frame["urgent"].mean(), urgent, atol=0.01)
