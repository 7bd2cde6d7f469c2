"""Archives as they should not be: what can be read is scored, the rest is told once, and any number
of tasks writes the same.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from tests.support.job.archives import csv_text, joined, run_tasks, written
from urgency.errors import Gone, SettingsError

TEXT = csv_text(120, 1)
PLAIN = TEXT.encode()
PACKED = gzip.compress(PLAIN)
HALF = len(PLAIN) // 2
NEWLINES = "\n" * 700
QUOTED = "ticket_id,title,priority\n" + "".join(f'T-{n},"a{NEWLINES}b",high\n' for n in range(12))
TOO_LONG = b"title,description\na,b\nb," + b"x " * 600_000 + b"\nc,d\n"


@pytest.mark.parametrize(
    ("name", "body", "rows", "refused"),
    [
        ("members.gz", gzip.compress(PLAIN[:HALF]) + gzip.compress(PLAIN[HALF:]), 120, ""),
        ("padded.gz", PACKED + bytes(512), 120, ""),
        ("garbage.gz", PACKED + b"what is this?", 0, "the gzip archive is damaged"),
        ("twice.gz.gz", gzip.compress(PACKED), 0, "this is a binary file"),
        ("nothing.gz", gzip.compress(b""), 0, "the file is empty"),
        ("ranges-in-quotes.csv", QUOTED.encode(), 12, ""),
        ("ranges-in-quotes-16.csv", QUOTED.encode("utf-16"), 12, ""),
        ("bom-8.csv", b"\xef\xbb\xbf" + PLAIN, 120, ""),
        ("bom-16.csv", b"\xfe\xff" + TEXT.encode("utf-16-be"), 120, ""),
        ("no-bom-16.csv", TEXT.encode("utf-16-le"), 120, ""),
        ("one-record.csv", b"title,description\na," + b"x " * 4_000 + b"\n", 1, ""),
        ("too-long.csv", TOO_LONG, 0, "a line is longer than"),
        ("empty.csv", b"", 0, "the file is empty"),
        ("bom-alone.csv", b"\xef\xbb\xbf", 0, "the file is empty"),
        ("header.csv", b"title,description\n", 0, ""),
        ("few.csv", b"title\na\nb\n", 2, ""),
        ("no-text.csv", b"source,priority\nweb,high\n", 0, "has no title or description"),
    ],
)
def test_it_is_scored_as_far_as_it_can_be_read(
    name: str, body: bytes, rows: int, refused: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(body)
    (tmp_path / "in" / "good.csv").write_text("subject\nProduction down\n")
    outputs = []
    for count in (1, 3):
        target = tmp_path / f"out{count}"
        tasks = [(index, count) for index in range(count)]
        outcome = run_tasks(tmp_path / "in", target, tasks, shard_bytes=16_384)
        assert outcome
        assert outcome.rows == rows + 1
        assert [refused in sentence for sentence in outcome.refused] == [True] * bool(refused)
        outputs.append(written(target))
    assert outputs[0] == outputs[1]


def test_a_column_that_one_of_many_files_lacks_is_missed_there_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("title,description,source\nx,y,web\n")
    (tmp_path / "in" / "b.csv").write_text("description\ny\n")
    run_tasks(tmp_path / "in", tmp_path / "out")
    assert joined(tmp_path / "out", "a.csv").startswith(b"title,description,source,urgent")
    assert joined(tmp_path / "out", "b.csv").startswith(b"description,urgent")


def test_a_file_that_changes_between_two_attempts_is_not_mixed(tmp_path: Path) -> None:
    archive = tmp_path / "a.csv"
    archive.write_text(TEXT)
    run_tasks(archive, tmp_path / "out", [(0, 2)], shard_bytes=1_024)
    before = written(tmp_path / "out")
    archive.write_text(TEXT.replace("T-", "X-"))
    os.utime(archive, ns=(1, 1))
    with pytest.raises(Gone, match=r"was changed after scoring began; score it into another"):
        run_tasks(archive, tmp_path / "out", [(1, 2)], shard_bytes=1_024)
    assert written(tmp_path / "out") == before


@pytest.mark.parametrize("body", [b"{}", b"not mine", b"[1]"])
def test_a_place_that_holds_another_manifest_is_refused(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_bytes(body)
    with pytest.raises(SettingsError, match=r"manifest.json is not of this run; score into"):
        run_tasks(tmp_path / "a.csv", tmp_path / "out")


def test_the_manifest_of_another_run_answers_no_request(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    run_tasks(tmp_path / "a.csv", tmp_path / "out")
    (tmp_path / "out" / "_plan.json").unlink()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest | {"version": 1}))
    with pytest.raises(SettingsError, match="not of this run"):
        run_tasks(tmp_path / "a.csv", tmp_path / "out")
