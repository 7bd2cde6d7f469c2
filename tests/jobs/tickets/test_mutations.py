"""Damaged files of every kind: nothing raises, every record is accounted for, twice the same.

A few thousand in every run, 100,000 with URGENCY_PROVE=1.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable

import pytest

from jobs.tickets.file_report import FileReport
from jobs.tickets.frame import frame_of
from tests.support.job.csv_files import HEADER, csv_bytes, dataset, dataset_of, row, xlsx_bytes

PARTS = 20
FILES = (100_000 if os.environ.get("URGENCY_PROVE") else 3_000) // PARTS
TOGETHER = 50  # files of one dataset

CELLS = ["plain", '"quo,ted"', '"two\nlines"', '"a ""b"""', "Störung", r'"a \"b\""', "it's", ""]
LABELS = [*["urgent", "High", "low", "non-urgent"] * 3, "", "nan", "3", "maybe"]
NAMES = HEADER.split(",")
SEPARATORS = [",", ";", "\t", "|", "¤"]
ENCODINGS = ["utf-8"] * 4 + ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "latin-1"]
SIGNS = [b"", b'"', b"'", b'","', b",", b";", b"\t", b"\\", b"\n", b"\r", b"\0", b"\r\n\r\n"]
BREAKERS = [
    *SIGNS,
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xfe\xff",
    b"{",
    b"\x1f\x8b",
]


def rows_of(rng: random.Random) -> list[str]:
    labels = rng.sample(LABELS, rng.choice([2, 2, 3, 9]))
    return [row(rng.randrange(9), rng.choice(CELLS), rng.choice(labels)) for _ in range(9)]


def text_file(rng: random.Random) -> bytes:
    first = rng.choice(["", "", "", "sep=,\n", "Report of today\n\n"])
    last = rng.choice(["", "", "9 rows\n", HEADER])
    body = csv_bytes(*rows_of(rng), end=rng.choice(["\n", "\r", "\r\n"])).decode()
    text = (first + body + last).replace(",", rng.choice(SEPARATORS))
    return text.encode(rng.choice(ENCODINGS), "replace")


def json_lines(rng: random.Random) -> bytes:
    objects = (dict(zip(NAMES, one.split(","), strict=False)) for one in rows_of(rng))
    return "\n".join(map(json.dumps, objects)).encode()


def json_document(rng: random.Random) -> bytes:
    objects = [dict(zip(NAMES, one.split(","), strict=False)) for one in rows_of(rng)]
    document = rng.choice([objects, {"tickets": objects}, [{"fields": one} for one in objects]])
    return json.dumps(document, indent=rng.choice([None, 1])).encode()


def workbook(rng: random.Random) -> bytes:
    return xlsx_bytes([NAMES, *(one.split(",") for one in rows_of(rng))])


def page(rng: random.Random) -> bytes:
    rows = ["</td><td>".join(one.split(",")) for one in (HEADER, *rows_of(rng))]
    return f"<html><table><tr><td>{'<tr><td>'.join(rows)}</table></html>".encode()


def damaged(rng: random.Random, body: bytes) -> bytes:
    """The same with bytes flipped, cut, doubled, or replaced by what breaks readers."""
    changed = bytearray(body)
    for _ in range(rng.randrange(7)):
        at, length = rng.randrange(len(changed) or 1), rng.randrange(12)
        changed[at : at + length] = rng.choice([*BREAKERS, changed[:length], rng.randbytes(2)])
    lines = bytes(changed).split(b"\n")
    for _ in range(rng.choice([0, 0, 1, 3])):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
        del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def mutated(seed: int) -> bytes:
    rng = random.Random(seed)
    kinds: dict[Callable[[random.Random], bytes], int] = {
        text_file: 20,
        json_lines: 3,
        json_document: 3,
        page: 3,
        lambda rng: gzip.compress(text_file(rng), 1, mtime=0): 3,
        workbook: 1,
        lambda rng: text_file(rng) + text_file(rng): 2,
    }
    [kind] = rng.choices([*kinds], [*kinds.values()])
    return damaged(rng, kind(rng))


def is_accounted(report: FileReport) -> bool:
    """Whether the counts add up and every record that was not taken is told."""
    taken = report.accepted + report.duplicate + report.unlabelled
    told = len(report.problems) + report.more
    if report.status == "set aside":
        return report.records == 0 and told > 0
    return report.records == taken + report.quarantined and told == report.quarantined


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_the_bytes_are_nothing_raises_and_every_record_is_accounted_for(
    part: int,
) -> None:
    read = 0
    for first in range(part * FILES, (part + 1) * FILES, TOGETHER):
        bodies = {f"{seed}.csv": mutated(seed) for seed in range(first, first + TOGETHER)}
        data, again = dataset_of(bodies), dataset_of(bodies)
        accepted = data.columns.file.counts()
        for report in data.reports:
            assert is_accounted(report), report.file
            assert report.accepted == accepted.get(report.file, 0)
            read += report.records > 0
        assert again.reports == data.reports
        assert frame_of(again).equals(frame_of(data))
    assert read > FILES / 4


def test_a_damaged_file_alone_has_as_many_records_as_among_others() -> None:
    bodies = [mutated(seed) for seed in range(60)]
    alone = [dataset(body).reports[0] for body in bodies]
    beside = [dataset(csv_bytes(row(1)), body).reports[1] for body in bodies]
    assert [report.records for report in alone] == [report.records for report in beside]
