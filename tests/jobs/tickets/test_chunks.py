"""Chunks: what is read does not depend on their size, and nothing before a refusal is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.tickets import chunks
from jobs.tickets.chunks import LineSource, Records, each, gathered
from jobs.tickets.file_report import Problem
from jobs.tickets.frame import frame_of
from jobs.tickets.limits import FileRefused, Limits
from tests.jobs.tickets.test_mutations import mutated
from tests.support.job.csv_files import HEADER, csv_bytes, dataset_of, read, refusal, row

BROKEN = Problem(3, "broken")


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_size_of_a_chunk_decides_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = {f"{seed}.csv": mutated(seed) for seed in range(900_000, 900_200)}
    whole = dataset_of(bodies)
    monkeypatch.setattr(chunks, "CHUNK_RECORDS", size)
    parts = dataset_of(bodies)
    assert parts.reports == whole.reports
    assert frame_of(parts).equals(frame_of(whole))


def test_problems_stay_where_they_stand() -> None:
    rows = [(1, ["a"]), (2, ["b"]), BROKEN, (4, ["c"])]
    found = [one if isinstance(one, Problem) else one.fields for one in gathered(rows)]
    assert found == [[["a"], ["b"]], BROKEN, [["c"]]]


def test_a_chunk_is_handed_on_when_it_has_many_rows_or_many_characters() -> None:
    short = [(line, ["x"]) for line in range(chunks.CHUNK_RECORDS + 1)]
    assert sizes(short) == [chunks.CHUNK_RECORDS, 1]
    long = [(line, ["x" * (chunks.CHUNK_CHARACTERS // 2)]) for line in range(5)]
    assert sizes(long) == [2, 2, 1]


def sizes(rows: list[tuple[int, list[str]]]) -> list[int]:
    return [len(one) for one in gathered(rows) if isinstance(one, Records)]


def test_the_rows_before_a_refusal_are_handed_on() -> None:
    def refused() -> Iterator[tuple[int, list[str]]]:
        yield 1, ["a"]
        raise FileRefused(2, "no more")

    found = gathered(refused())
    assert len(next(found)) == 1
    with pytest.raises(FileRefused):
        next(found)


def test_a_refusal_stands_at_its_row_though_rows_come_in_chunks() -> None:
    body = csv_bytes(*(row(n) for n in range(50)), HEADER, row(51), row(52))
    assert refusal(body, Limits(rows=51)).line == 53  # the header once more is no row of its own
    bad = ["a,b"] * 10_001
    many = csv_bytes(*(row(n) for n in range(1_200)), *bad, *(row(n) for n in range(9)))
    assert len(read(many)[0]) == 1_209
    assert refusal(csv_bytes(*["a,b"] * 10_020, row(1))).line == 10_003


def test_lines_are_read_again_from_the_current_record_on() -> None:
    source = LineSource([["a", "b"], ["c"], [], ["d"]], 5)
    assert list(source.ended()) == ["a\n", "b\n", "c\n", "d\n"]
    source.number = 7
    assert (source.since(6), source.lines(9)) == (["b"], ["c", "d"])
    assert list(source.ended()) == ["c\n", "d\n"]
    assert source.line(2) is None


def test_lines_before_the_current_record_are_forgotten() -> None:
    source = LineSource(([f"{number}"] for number in range(1_000)), 0)
    for line in source.ended():
        source.number = int(line) + 1
    assert len(source._lines) <= 2


def test_each_is_computed_once_for_equal_cells() -> None:
    asked: list[str] = []

    def length(cell: str) -> int:
        asked.append(cell)
        return len(cell)

    assert each(length, ["bb", "a", "bb", "bb"]) == [2, 1, 2, 2]
    assert sorted(asked) == ["a", "bb"]
