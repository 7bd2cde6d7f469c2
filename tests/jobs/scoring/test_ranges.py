"""Ranges that follow each other hold what reading all at once gives, however bytes are cut."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from jobs.scoring.chain import Chain
from jobs.scoring.layout import Layout, layout_of
from jobs.scoring.places import Below, Folder
from jobs.scoring.ranges import Range
from jobs.tickets.file_report import Problem
from jobs.tickets.rules import NO_RULES
from tests.support.job.archives import csv_text

Row = tuple[object, ...]


def rows_of(found: Range) -> list[Row]:
    """Line and cells of each record; line, reason and text of each that cannot be read."""
    rows: list[Row] = []
    for item, end in found:
        if isinstance(item, Problem):
            rows.append((*item, *found.lines(item.line, end)))
        else:
            rows += zip(item.lines, map(tuple, item.fields), strict=True)
    return rows


def opener(body: bytes) -> Callable[[int], BinaryIO]:
    return lambda at: io.BytesIO(body[at:])


def whole(body: bytes, layout: Layout) -> list[Row]:
    return rows_of(Range(io.BytesIO(body[layout.first.at :]), layout, layout.first, None))


def cut(body: bytes, layout: Layout, size: int, kept: Path, order: random.Random) -> list[Row]:
    """The rows of all ranges, whose links were made in any order before."""
    count = -(-len(body) // size)
    chain = Chain(
        layout,
        opener(body),
        size=size,
        count=count,
        kept=Below(Folder(kept), ""),
        sleep=lambda _s: None,
    )
    for number in order.sample(range(count), count):
        chain.prepare(range(number, number + 1))
    rows: list[Row] = []
    for number in range(count):
        if begin := chain.begin(number):
            rows += rows_of(Range(opener(body)(begin.at), layout, begin, chain.end(number)))
    return rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("bad", [0, 0.05])
def test_however_a_file_is_written(encoding: str, end: str, bad: float, tmp_path: Path) -> None:
    chance = random.Random(f"{encoding}{end}{bad}")
    for number, separator in enumerate(",;\t|"):
        text = csv_text(150, number, separator=separator, end=end, bad=bad)
        body = text.encode(encoding)
        layout = layout_of(io.BytesIO(body), NO_RULES)
        assert layout is not None
        size = chance.choice([256, 512, 4096])
        expected = whole(body, layout)
        assert len(expected) >= 140
        assert cut(body, layout, size, tmp_path / str(number), chance) == expected


def test_bytes_of_characters_that_look_like_separators(tmp_path: Path) -> None:
    """The second byte of these is a vertical bar or a backslash."""
    text = "障害が発生しました。ソフトのポート、至急"
    rows = (f'T-{n}|"{text}\n{text} {n}"|web|high' for n in range(300))
    body = "\n".join(["ticket_id|title|source|priority", *rows]).encode("cp932")
    layout = layout_of(io.BytesIO(body), NO_RULES)
    assert layout is not None
    assert (layout.encoding, layout.table.dialect.separator) == ("cp932", "|")
    expected = whole(body, layout)
    assert len(expected) == 300
    assert cut(body, layout, 512, tmp_path, random.Random(1)) == expected


def test_backslashes_that_escape(tmp_path: Path) -> None:
    rows = (f'T-{n},"say \\"it\\"\nagain {n}",web,high' for n in range(300))
    body = "\n".join(["ticket_id,title,source,priority", *rows]).encode()
    layout = layout_of(io.BytesIO(body), NO_RULES)
    assert layout is not None
    assert layout.table.dialect.escapes
    assert cut(body, layout, 512, tmp_path, random.Random(1)) == whole(body, layout)


def test_json_lines_with_blank_and_broken_ones(tmp_path: Path) -> None:
    ticket = {"title": "Größe", "fields": {"priority": {"name": "high"}}}
    lines = (json.dumps(ticket | {"id": n}, ensure_ascii=n % 2 > 0) for n in range(300))
    texts = [text if n % 7 else f"{text}\n\n{{broken" for n, text in enumerate(lines)]
    body = "\r\n".join(texts).encode()
    layout = layout_of(io.BytesIO(body), NO_RULES)
    assert layout is not None
    expected = whole(body, layout)
    assert len(expected) == 300 + 43
    assert cut(body, layout, 256, tmp_path, random.Random(1)) == expected


def test_a_record_longer_than_ranges_belongs_to_the_one_where_it_begins(tmp_path: Path) -> None:
    long = "a line of a long mail\n" * 500
    rows = (f'T-{n},"{long if n % 50 == 7 else "short"}",high' for n in range(200))
    body = "\n".join(["ticket_id,title,priority", *rows]).encode()
    layout = layout_of(io.BytesIO(body), NO_RULES)
    assert layout is not None
    assert cut(body, layout, 1024, tmp_path, random.Random(1)) == whole(body, layout)


def test_a_text_that_looks_like_tickets_misleads_no_one(tmp_path: Path) -> None:
    """Every range but one begins inside one quoted field whose lines are good records."""
    inner = "T-0,a title,high\n" * 400
    body = f'ticket_id,title,priority\nT-1,"{inner}",high\nT-2,end,low\n'.encode()
    layout = layout_of(io.BytesIO(body), NO_RULES)
    assert layout is not None
    found = cut(body, layout, 512, tmp_path, random.Random(1))
    assert found == whole(body, layout)
    assert [cells[0] for _, cells in found] == ["T-1", "T-2"]  # type: ignore[index]


def test_a_line_that_is_too_long_ends_the_file_there(tmp_path: Path) -> None:
    rows = [f"T-{n},a title,high" for n in range(20_000)]
    body = "\n".join(["ticket_id,title,priority", *rows, "x" * 2**21, *rows]).encode()
    layout = layout_of(io.BytesIO(body), NO_RULES)
    assert layout is not None
    found = Range(opener(body)(layout.first.at), layout, layout.first, None)
    rows_of(found)
    assert found.refused is not None
    assert "longer than" in found.refused.reason
    assert len(cut(body, layout, 65_536, tmp_path, random.Random(1))) == 20_000
