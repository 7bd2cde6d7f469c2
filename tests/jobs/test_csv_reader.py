from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from jobs.csv_lines import FileRefused, Limits, Line, read_lines
from jobs.csv_reader import Row, read_csv, read_label
from jobs.csv_records import BAD_QUOTE, DAMAGED, read_records, split_fields
from tests.support.csv_files import HEADER, Endless, csv_bytes, read, row

SHARED = Path(__file__).parents[3] / "shared" / "data"


def refusal(body: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(body)
    return caught.value


def test_a_good_file_gives_every_row_with_its_line() -> None:
    rows, problems = read(csv_bytes(row(1), row(2, label="urgent")))
    assert [(r.line, r.ticket_id, r.ticket.title, r.urgent) for r in rows] == [
        (2, "T-1", "Ticket 1", False),
        (3, "T-2", "Ticket 2", True),
    ]
    assert not problems


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_every_line_end_and_a_bom_are_read(end: str, bom: bytes) -> None:
    rows, problems = read(bom + csv_bytes(row(1), row(2), end=end))
    assert [r.line for r in rows] == [2, 3]
    assert not problems


def test_line_ends_may_be_mixed() -> None:
    body = f"{HEADER}\r\n{row(1)}\r{row(2)}\n{row(3)}".encode()
    assert [r.line for r in read(body)[0]] == [2, 3, 4]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_crlf_split_between_two_reads_is_one_line_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.csv_lines._BLOCK", size)
    monkeypatch.setattr("jobs.csv_lines.why_not_text", lambda head: None)
    lines = [(line.number, line.text) for line in read_lines(io.BytesIO(b"a\r\nb\rc\n\r\nd"))]
    assert lines == [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")]


def test_quoted_cells_may_span_lines_and_hold_quotes_and_commas() -> None:
    rows, problems = read(csv_bytes(row(1, '"first\nsecond, ""quoted""\n\nlast"'), row(2)))
    assert [(r.line, r.ticket.description) for r in rows] == [
        (2, 'first\nsecond, "quoted"\n\nlast'),
        (6, "the printer is out of toner"),
    ]
    assert not problems


def test_spaces_around_a_quoted_field_are_no_part_of_it() -> None:
    assert split_fields('a, "b, c" ,d') == ["a", "b, c", "d"]


@pytest.mark.parametrize(
    "bad",
    [
        '"Scanner shows an error',
        '"The screen says "offline" all day"',
        'a 19" monitor',
        'an ending quote"',
        '"Hello" there',
    ],
)
def test_one_bad_quote_costs_one_row(bad: str) -> None:
    rows, problems = read(
        csv_bytes(row(1), row(2, bad), row(3), row(4, '"two\nlines"'), row(5, '"Hello, all"'), row(6))
    )
    assert [r.ticket_id for r in rows] == ["T-1", "T-3", "T-4", "T-5", "T-6"]
    assert problems == {3: BAD_QUOTE}


def test_a_quote_left_open_costs_one_row_however_many_rows_follow() -> None:
    follow = [row(number, "x" * 500) for number in range(3, 6_000)]
    rows, problems = read(csv_bytes(row(1), row(2, '"open'), *follow))
    assert len(rows) == len(follow) + 1
    assert problems == {3: BAD_QUOTE}


def test_a_quote_that_swallowed_rows_and_closed_by_chance_gives_them_back() -> None:
    rows, problems = read(csv_bytes(row(1, '"open'), row(2), row(3), 'closing",here'))
    assert [r.ticket_id for r in rows] == ["T-2", "T-3"]
    assert set(problems) == {2, 5}


def test_a_file_cut_in_the_middle_of_a_quote_loses_only_that_row() -> None:
    rows, problems = read(csv_bytes(row(1), row(2)) + b'T-3,,Ticket 3,"cut\nin the middle\nof a')
    assert len(rows) == 2
    assert problems == {4: BAD_QUOTE}


def test_a_row_of_many_lines_that_lacks_a_field_is_one_row() -> None:
    rows, problems = read(csv_bytes('T-1,,"a\nb\nc",web,free,urgent', row(2)))
    assert [r.ticket_id for r in rows] == ["T-2"]
    assert problems == {2: "the row has 6 fields, the header has 7."}


def test_a_comma_at_the_end_of_every_row_shifts_nothing() -> None:
    rows, problems = read(csv_bytes(row(1) + ",", row(2) + ","))
    assert not rows
    assert set(problems.values()) == {"the row has 8 fields, the header has 7."}
    assert len(read(csv_bytes(row(1) + ",", header=HEADER + ","))[0]) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(1, label="asap"), "label_urgency is neither urgent nor non-urgent."),
        (row(1, label=""), "label_urgency is neither urgent nor non-urgent."),
        ("T-1,,, ,web,free,urgent", "title and description are both empty; a ticket needs one of them."),
        (row(1, "x" * 70_000), "description has 70,000 characters; at most 65,536 are read."),
        (row(1)[:-11], "the row has 6 fields, the header has 7."),
        (row(1, "Printer down, again"), "the row has 8 fields, the header has 7."),
        ("x" * 201 + row(1), "ticket_id has more than 200 characters."),
    ],
)
def test_a_bad_row_is_quarantined_by_line_and_reason(line: str, reason: str) -> None:
    rows, problems = read(csv_bytes(row(7), line, row(8)))
    assert [r.ticket_id for r in rows] == ["T-7", "T-8"]
    assert problems == {3: reason}


def test_blank_rows_are_no_rows() -> None:
    rows, problems = read(csv_bytes("", row(1), "   ", ",,,,,,", ",,", '"",""', row(2), ""))
    assert [r.line for r in rows] == [3, 8]
    assert not problems


def test_nul_and_control_characters_are_dropped_everywhere() -> None:
    rows, _ = read(csv_bytes("T\0-1,,Tic\x07ket,scan\x00ner,web,free,urg\0ent"))
    assert rows[0][1:4] == (rows[0].ticket, True, "T-1")
    assert (rows[0].ticket.title, rows[0].ticket.description) == ("Ticket", "scanner")


@pytest.mark.parametrize("text", ["null", "NA", "NaN", "0012", "=1+1", "True"])
def test_cells_stay_text(text: str) -> None:
    assert read(csv_bytes(row(1, text)))[0][0].ticket.description == text


@pytest.mark.parametrize(
    ("label", "urgent"),
    [
        ("urgent", True),
        (" URGENT ", True),
        ("Non-Urgent", False),
        ("non urgent", False),
        ("not_urgent", False),
        ("nonurgent", False),
        ("non\u2011urgent", False),
        ("1", None),
        ("yes", None),
        ("high", None),
        ("", None),
    ],
)
def test_labels_are_urgent_or_non_urgent_and_nothing_is_guessed(label: str, urgent: bool | None) -> None:
    assert read_label(label) is urgent


def zipped(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "no header"),
        (csv_bytes(row(1)).decode().encode("utf-16"), "UTF-16"),
        (csv_bytes(row(1)).decode().encode("utf-16-le"), "UTF-16"),
        (csv_bytes(row(1)).decode().encode("utf-16-be"), "UTF-16"),
        (csv_bytes(row(1)).decode().encode("utf-32"), "UTF-16 or UTF-32"),
        (csv_bytes(row(1)).decode().encode("utf-32-be"), "UTF-16 or UTF-32"),
        (gzip.compress(csv_bytes(row(1))), "gzip"),
        (zipped("tickets.csv"), "zip"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\x02\0\x3e" + bytes(range(64)), "binary"),
        (bytes(5_000), "binary"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b'{"title": "x"}', "JSON"),
        (csv_bytes(row(1)).replace(b",", b";"), "semicolons"),
        (csv_bytes(row(1)).replace(b",", b"\t"), "tabs"),
        (csv_bytes(row(1)).replace(b",", b"|"), "vertical bars"),
        (csv_bytes(row(1), row(2, "Störung")).decode().encode("cp1252"), "line 3 holds the first byte"),
        (csv_bytes(row(1), header="title,description"), "no column label_urgency"),
        (csv_bytes(row(1), header="source,label_urgency"), "title or description"),
        (csv_bytes(row(1), header="Title,label_urgency, title "), "2 columns would be read as title: Title, title"),
        (csv_bytes(row(1), header='"Title,label_urgency'), "the header cannot be read"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_plain_words(body: bytes, told: str) -> None:
    assert told in refusal(body).reason


def test_one_broken_byte_in_a_file_that_is_utf8_costs_one_row() -> None:
    body = csv_bytes(row(1, "Störung"), row(2, "BYTE"), row(3)).replace(b"BYTE", b"br\xfcchig")
    rows, problems = read(body)
    assert [r.ticket_id for r in rows] == ["T-1", "T-3"]
    assert problems == {3: DAMAGED}


def test_headers_are_known_by_other_names_in_any_case_and_width() -> None:
    header = " ID ,Date,\uff33ub\uff4aect,Body,Channel,Customer Tier,\ufeffLABEL-Urgency"
    rows, problems = read(csv_bytes(row(1), header=header))
    assert (rows[0].ticket_id, rows[0].created_at, rows[0].ticket.title) == ("T-1", "2025-01-31", "Ticket 1")
    assert (rows[0].ticket.source, rows[0].ticket.customer_tier) == ("web", "free")
    assert not problems


def test_a_column_under_its_own_name_comes_before_its_aliases_and_unknown_ones_may_repeat() -> None:
    body = csv_bytes("low,x,y,Title,urgent", header="Priority,Comment,Comment,title,label_urgency")
    opened = read_csv(io.BytesIO(body))
    first = next(opened.rows)
    assert opened.columns_ignored == ("Priority", "Comment", "Comment")
    assert isinstance(first, Row)
    assert first.urgent


def test_settings_may_name_further_headers() -> None:
    body = csv_bytes("Drucker,urgent", header="Betreff,label_urgency")
    first = next(read_csv(io.BytesIO(body), aliases={"betreff": "title"}).rows)
    assert isinstance(first, Row)
    assert first.ticket.title == "Drucker"


def test_headers_are_repeated_only_cut_and_on_one_line() -> None:
    reason = refusal(csv_bytes(header="x" * 60_000 + ',"a\nb"')).reason
    assert "x" * 40 + ", a b." in reason
    assert len(reason) < 300


MIB = 2**20


def million_columns() -> Iterator[bytes]:
    return repeat(b"column," * 1_000, 1_000)


def one_huge_cell() -> Iterator[bytes]:
    return chain([csv_bytes(row(1)), b'T-2,,Ticket,"'], repeat(b"x" * MIB, 200))


def no_newline() -> Iterator[bytes]:
    return repeat(b"x" * MIB, 200)


@pytest.mark.parametrize(("chunks", "line"), [(million_columns, 1), (one_huge_cell, 3), (no_newline, 1)])
def test_endless_lines_are_refused_early_in_bounded_memory(chunks: Callable[[], Iterator[bytes]], line: int) -> None:
    stream = Endless(chunks())
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused) as caught:
            list(read_csv(cast(BinaryIO, stream)).rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (caught.value.line, "longer than" in caught.value.reason) == (line, True)
    assert stream.taken < 3 * MIB
    assert peak < 16 * MIB


def test_65_columns_are_refused() -> None:
    assert "65 columns; at most 64" in refusal(csv_bytes(header=HEADER + ",x" * 58)).reason


def test_a_huge_cell_of_many_lines_costs_bounded_memory_and_no_good_row() -> None:
    chunks = chain(
        [csv_bytes(row(1)), b'T-2,,Ticket,"'],
        repeat(b"a line of a log, of many lines\n" * 4_096, 16),
        [csv_bytes(row(3))],
    )
    tracemalloc.start()
    try:
        rows = [r.ticket_id for r in read_csv(cast(BinaryIO, Endless(chunks))).rows if isinstance(r, Row)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == ["T-1", "T-3"]
    assert peak < 48 * MIB


def test_caps_on_size_and_rows_refuse_the_file() -> None:
    body = csv_bytes(*map(row, range(5)))
    for limits, told in ((Limits(object_bytes=100), "larger than 100 bytes"), (Limits(rows=4), "more than 4 rows")):
        with pytest.raises(FileRefused, match=told):
            list(read_csv(io.BytesIO(body), limits=limits).rows)
    assert len(list(read_csv(io.BytesIO(body), limits=Limits(rows=5)).rows)) == 5


class CountedText(str):
    """A line that counts the characters that looking for quotation marks has cost."""

    seen = 0

    def count(self, *wanted: object) -> int:
        CountedText.seen += len(self)
        return super().count(*wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    ['a,"b', 'a",b,"c', '"', '""","', 'a,"b""', "plain,text"],
)
def test_reading_is_linear_whatever_the_quotes_are(line: str) -> None:
    lines = 20_000
    CountedText.seen = 0
    source = (Line(number, CountedText(text), False) for number, text in enumerate(["a,b", *[line] * lines], 1))
    assert sum(1 for _ in read_records(source)) > 0
    assert CountedText.seen <= 3 * lines * (len(line) + 1)


def test_the_published_original_is_refused_with_words_that_its_owner_understands() -> None:
    original = SHARED / "originals" / "pits_a_original.csv.gz"
    if not original.exists():
        pytest.skip("skipped: shared data absent")
    reason = refusal(gzip.decompress(original.read_bytes())).reason
    for told in (
        "no column label_urgency (urgent or non-urgent)",
        "TIM_Id, Subject, Severity, Description, Initiation_Date",
    ):
        assert told in reason
    assert "Subject would be read as title; Description would be read as description" in reason
