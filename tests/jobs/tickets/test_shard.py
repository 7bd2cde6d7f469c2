"""Files read elsewhere, as shards, make the dataset that reading them here makes."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
import pytest

from jobs.tickets.collector import Collector
from jobs.tickets.columns import Category, TicketColumns
from jobs.tickets.dataset import MOST, Dataset, ReadFile, build_dataset
from jobs.tickets.file_reading import FileReading, read_into
from jobs.tickets.limits import LIMITS, Limits
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.shard import read_shard, shard_of, take_shard
from tests.support.job.csv_files import csv_bytes, row, xlsx_bytes
from urgency.errors import CorruptObject
from urgency.records import SourceFile

THINGS = ("till", "fan", "door", "lamp")


def many(first: int, rows: int, *, labels: tuple[str, ...] = ("urgent", "low", "low")) -> bytes:
    """Rows with texts of their own; a label that is blank is not known yet."""
    letters = [chr(97 + n % 26) + chr(97 + n // 26 % 26) for n in range(rows)]
    texts = [f"the {THINGS[n % 4]} is broken since {two}" for n, two in enumerate(letters)]
    label = [labels[n % len(labels)] for n in range(rows)]
    return csv_bytes(*(row(first + n, texts[n], label[n]) for n in range(rows)))


FILES = {
    "plain.csv": many(0, 5_000),
    "partly-labelled.csv": many(4_000, 3_000, labels=("urgent", "low", "")),
    "unknown-labels.csv": many(9_000, 900, labels=("urgent", "low", "perhaps")),
    "numbered-by-row.csv": many(0, 600, labels=("low", "urgent")),
    "one-label.csv": many(20_000, 300, labels=("urgent",)),
    "utf-16.csv": many(30_000, 200).decode().replace("door", "Tür").encode("utf-16"),
    "packed.csv.gz": gzip.compress(many(31_000, 200)),
    "sheet.xlsx": xlsx_bytes([["title", "priority"], ["Down", "high"], ["Toner", "low"]]),
    "lines.jsonl": b"\n".join(
        json.dumps({"title": f"No {n} \ud83d", "priority": ["low", "high"][n % 2]}).encode()
        for n in range(50)
    ),
    "bad-rows.csv": csv_bytes(row(1), "too,few", row(2, "x" * 200_000), row(3, label="urgent")),
    "no-label.csv": b"title,description\na,b\n",
    "header-only.csv": csv_bytes(),
    "empty.csv": b"",
}
SOURCES = [SourceFile(f"incoming/{name}", 1, len(body), "") for name, body in FILES.items()]


def opened(file: SourceFile) -> BinaryIO:
    return io.BytesIO(FILES[file.name.removeprefix("incoming/")])


def sharded(only: Callable[[SourceFile], bool] = lambda _file: True) -> ReadFile:
    """Takes files from shards, or `only` some."""

    def read(
        collected: Collector,
        file: SourceFile,
        number: int,
        opened: Callable[[SourceFile], BinaryIO],
        *,
        rules: Rules,
        limits: Limits,
    ) -> FileReading:
        if not only(file):
            return read_into(collected, file, number, opened, rules=rules, limits=limits)
        body = shard_of(file, opened, rules, limits)
        return take_shard(collected, read_shard(body, file, rules), number)

    return read


def numbers(columns: TicketColumns) -> dict[str, np.ndarray]:
    """Every array of the columns."""
    named = {**vars(columns), **columns.categories}
    del named["categories"]
    texts = {name: one for name, one in named.items() if isinstance(one, Category)}
    values = {f"{name} values": np.array(one.values) for name, one in texts.items()}
    return named | {name: one.codes for name, one in texts.items()} | values


def expect_same(one: Dataset, other: Dataset) -> None:
    assert repr(one.texts) == repr(other.texts)
    for name, values in numbers(one.columns).items():
        assert np.array_equal(values, numbers(other.columns)[name], equal_nan="_at" in name), name
    assert one.reports == other.reports
    assert (one.conflicts, one.beyond) == (other.conflicts, other.beyond)
    words, same = (data.words.together(stems=True) for data in (one, other))
    for name in ("marked", "counts", "stem"):
        assert np.array_equal(getattr(words, name), getattr(same, name))


@pytest.mark.parametrize("most", [MOST, 1_000])
@pytest.mark.parametrize("sample", [20_000, 500])
@pytest.mark.parametrize("waiting", [2_000_000, 300])
def test_shards_of_all_files_or_of_some_make_the_dataset_that_the_files_make(
    most: int, sample: int, waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("texts", "shard"):
        monkeypatch.setattr(f"jobs.tickets.{module}.SAMPLE", sample)
    monkeypatch.setattr("jobs.tickets.texts.WAITING_CHARACTERS", waiting)
    read = build_dataset(SOURCES, opened, most=most)
    assert len(read.columns) > 900
    assert any(report.questions for report in read.reports)
    for only in (lambda _file: True, lambda file: SOURCES.index(file) % 2):
        expect_same(build_dataset(SOURCES, opened, most=most, read_file=sharded(only)), read)


def test_the_same_file_makes_the_same_bytes() -> None:
    assert shard_of(SOURCES[1], opened, NO_RULES, LIMITS) == shard_of(
        SOURCES[1], opened, NO_RULES, LIMITS
    )


def test_a_changed_or_cut_shard_is_told_and_takes_nothing() -> None:
    body = shard_of(SOURCES[0], opened, NO_RULES, LIMITS)
    middle = len(body) // 2
    flipped = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
    for wrong in (flipped, body[:middle], b"", b"{}", shard_without_a_row(body)):
        with pytest.raises(CorruptObject, match="does not parse"):
            read_shard(wrong, SOURCES[0], NO_RULES)


def shard_without_a_row(body: bytes) -> bytes:
    with np.load(io.BytesIO(body)) as stored:
        arrays = dict(stored)
    arrays["column.label"] = arrays["column.label"][1:]
    made = io.BytesIO()
    np.savez(made, **arrays)
    return made.getvalue()


def test_what_storage_does_not_deliver_makes_no_shard() -> None:
    def broken(_file: SourceFile) -> BinaryIO:
        raise CorruptObject("other bytes")

    with pytest.raises(CorruptObject, match=r"incoming/plain\.csv: storage delivers other bytes"):
        shard_of(SOURCES[0], broken, NO_RULES, LIMITS)


def test_a_second_attempt_leaves_nothing_of_the_first() -> None:
    whole = FILES["partly-labelled.csv"]
    attempts = iter([CutShort(whole), io.BytesIO(whole)])
    body = shard_of(SOURCES[1], lambda _file: next(attempts), NO_RULES, LIMITS)
    assert body == shard_of(SOURCES[1], opened, NO_RULES, LIMITS)


class CutShort(io.BytesIO):
    """Delivers half, then what is not what was uploaded."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > len(self.getvalue()) // 2:
            raise CorruptObject("other bytes")
        return super().read(size)
