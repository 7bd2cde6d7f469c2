"""A receipt says what came of a file and what to do, and never quotes a ticket."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace

import pytest

from jobs.report.receipt_page import read_as_sentence, receipt_markdown
from jobs.report.receipts import Receipt, receipt_json
from jobs.tickets.dataset import build_dataset
from jobs.tickets.file_report import FileReport, Problem, ReadAs
from tests.support.job.csv_files import HEADER, csv_bytes, dataset
from urgency.bundle import Verdict
from urgency.records import SourceFile

MARKER = "xylophone"
AT = "2025-01-31T09:15:00+01:00"
GOOD = ("1,,a,,,,urgent", "2,,b,,,,non-urgent")
GERMAN = (("Hoch", 41), ("Sehr hoch", 7), ("Mittel", 80), ("Niedrig", 32))


def receipt_of(report: FileReport, decision: str = "PROMOTE", against: int = 2) -> Receipt:
    return Receipt(report, 3, Verdict(decision, ("It is better: by a lot.",), against), 3, AT)


def page_of(report: FileReport, decision: str = "PROMOTE", against: int = 2) -> str:
    return receipt_markdown(receipt_of(report, decision, against)).decode()


def report_of(*lines: str, header: str = HEADER) -> FileReport:
    return dataset(csv_bytes(*lines, header=header)).reports[0]


def read(name: str, body: bytes) -> FileReport:
    file = SourceFile(f"incoming/{name}", 1, len(body), "")
    return build_dataset([file], lambda _file: io.BytesIO(body)).reports[0]


# How it was read


def test_how_a_file_was_read_is_one_sentence() -> None:
    text = "Die Störung in der Küche dauert an, und „à la carte“ fehlt für größere Aufträge"
    rows = [f"{text}: {label} {n};{label}" for label, count in GERMAN for n in range(count)]
    lines = ("Bericht vom Mai", "", "Betreff;Priorität", *rows, "")
    page = page_of(read("mai.csv", "\r\n".join(lines).encode("cp1252")))
    assert (
        "\n\nRead as: Windows-1252, semicolons, header in line 3; Betreff is the title, Priorität"
        " the label: Hoch 41 and Sehr hoch 7 are urgent, Mittel 80 and Niedrig 32 are not.\n\n"
    ) in page


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "Read as: UTF-8, commas, header in line 1."),
        ({"title": "A"}, "Read as: UTF-8, commas, header in line 1; A is the title."),
        ({"label_urgency": "P"}, "Read as: UTF-8, commas, header in line 1; P is the label."),
        (
            {"title": "A", "ticket_id": "B", "label_urgency": "P"},
            "Read as: UTF-8, commas, header in line 1; A is the title, B the id, P the label.",
        ),
    ],
)
def test_what_was_not_found_leaves_no_hole_in_the_sentence(
    columns: dict[str, str], sentence: str
) -> None:
    assert read_as_sentence(ReadAs("commas", "UTF-8", 1, columns)) == sentence


def test_one_value_is_and_many_are_and_a_side_may_be_empty() -> None:
    values = {f"v{n:02}": 1 for n in range(14)}
    sentence = read_as_sentence(ReadAs("tabs", "", 1, {}, {"High": 3}, values))
    assert ": High 3 is urgent, v00 1, " in sentence
    assert sentence.endswith("v11 1 and 2 more are not.")
    sentence = read_as_sentence(ReadAs("tabs", "", 1, {}, {"High": 3}, {}))
    assert sentence.endswith(": High 3 is urgent, no value is not.")


def test_notes_on_the_whole_file_are_told() -> None:
    page = page_of(FileReport("incoming/a.csv", 1, 9, accepted=2, notes=("ids are numbers.",)))
    assert "\n\nIds are numbers.\n\n" in page


# What came of it


def test_the_page_of_a_good_file_says_what_happened_and_how_to_undo_it() -> None:
    page = page_of(report_of(*GOOD))
    for sentence in (
        "# The file was taken\n",
        "read on 31 January 2025 at 08:15 UTC.",
        "2 rows: 2 taken.\n",
        "version 3",
        "It is better: by a lot.",
        "Delete `incoming/0.csv` from the bucket",
        "urgency rollback --to 2",
    ):
        assert sentence in page


def test_every_kind_of_row_is_counted_and_what_there_is_none_of_is_not_named() -> None:
    page = page_of(report_of(*GOOD, "2,,b,,,,non-urgent", "3,,c,,,,", "4,,d"))
    assert (
        "5 rows: 2 taken, 1 not taken, 1 left out because a newer row or file holds the same"
        " ticket, 1 without a label yet."
    ) in page
    assert "Rows without a label count once" in page


def test_dates_that_are_not_read_and_what_the_file_replaced_are_told() -> None:
    report = FileReport(
        "incoming/b.csv", 1, 9, accepted=5, unread_dates=2, replaced={"incoming/a.csv": 1_200}
    )
    page = page_of(report)
    assert "2 dates could not be read; such a row counts as one without a date." in page
    assert "Rows of this file replace older ones: 1,200 tickets of `incoming/a.csv`." in page


def test_the_page_says_what_becomes_of_a_hundred_tickets_and_says_it_once() -> None:
    said = "Of 100 tickets it calls 34 urgent, 27 of them are; it misses 3."
    test = {"rows": 400.0, "base_rate": 0.3, "accuracy": 0.9, "precision": 0.8, "recall": 0.9}
    receipt = replace(receipt_of(report_of(*GOOD)), test=test)
    assert f"* {said}\n* It is better: by a lot.\n" in receipt_markdown(receipt).decode()
    elsewhere = "Of 1,000 tickets it calls 9 urgent, 8 of them are; it misses 2."
    verdict = replace(receipt.verdict, reasons=(elsewhere, "It is better."))
    page = receipt_markdown(replace(receipt, verdict=verdict)).decode()
    assert f"* {elsewhere}\n* It is better.\n" in page
    assert said not in page
    assert "Of 100" not in page_of(report_of(*GOOD))


@pytest.mark.parametrize(
    ("decision", "advice"), [("HOLD", "adds to them"), ("REJECT", "Look at some of the labels")]
)
def test_a_model_that_was_not_released_comes_with_advice(decision: str, advice: str) -> None:
    assert advice in page_of(report_of(*GOOD), decision)


@pytest.mark.parametrize(
    ("decision", "against", "sentence"),
    [
        ("PROMOTE", 0, "it answers from now on"),
        ("HOLD", 2, "version 2 goes on answering"),
        ("REJECT", 0, "no model answers yet"),
    ],
)
def test_the_page_says_who_answers_now(decision: str, against: int, sentence: str) -> None:
    page = page_of(report_of(*GOOD), decision, against)
    assert sentence in page
    assert "rollback" not in page


def test_the_page_groups_lines_by_reason() -> None:
    empty, narrow = ["7,,,,,,urgent"] * 3, "8,,x,,"
    page = page_of(report_of(*empty, *GOOD, narrow, *empty))
    assert "* lines 2-4, 8-10: title and description are both empty" in page
    assert "* line 7: " in page


def test_long_lists_are_cut_and_counted() -> None:
    problems = tuple(Problem(line, "reason.") for line in range(2, 102, 2))
    report = FileReport(
        "incoming/a.csv", 1, 1, accepted=5, quarantined=1_050, problems=problems, more=1_000
    )
    page = page_of(report)
    assert "40 and 30 more: reason." in page
    assert "1,000 more rows could not be taken." in page


# A file that was not taken


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("minutes.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
        ("empty.csv", b""),
        ("empty.csv.gz", gzip.compress(b"", mtime=0)),
        ("bad.xlsx", b"PK\x03\x04 xl/workbook.xml"),
        ("head.csv", b"title,priority\n"),
        ("rows.csv", b"title,priority\n,high\n"),
        ("poem.txt", b"roses are red\nviolets are blue\n"),
    ],
)
def test_the_page_of_a_refused_file_speaks_of_the_file_alone(name: str, body: bytes) -> None:
    report = read(name, body)
    assert report.status in {"set aside", "quarantined"}
    page = page_of(report)
    assert page.startswith(("# The file was set aside\n", "# No row of the file was taken\n"))
    assert "\n* line 1: " in page or "\n* line 2: " in page
    needs = "A file of tickets needs a line that names its columns"
    assert (needs in page) is (report.read_as is None)
    for word in ("model", "version", "better", "rollback", "snapshot 3, "):
        assert word not in page


def test_all_problems_are_told_at_once_with_the_mapping_that_would_answer() -> None:
    rows = [f"text {n};{'Eins' if n % 3 else 'Zwei'};Bonn" for n in range(30)]
    report = read("x.csv", "\n".join(["Freitext 1;Priorität;Datum", *rows]).encode())
    page = page_of(report)
    assert "no title or description" in page
    assert "Eins (20), Zwei (10)" in page
    assert "```\ncolumn,Freitext 1,\nlabel,Eins,\nlabel,Zwei,\n```" in page
    assert "a column is title, description" in page
    assert "a label is urgent or non-urgent" in page
    assert "Answer the questions above, then drop this file again" in page


def test_a_mapping_that_is_filled_in_is_only_to_be_confirmed() -> None:
    report = FileReport("incoming/a.csv", 1, 9, questions=("label,Urgent,urgent",))
    page = page_of(report)
    assert "Is that meant? Then copy these lines" in page
    assert "last comma" not in page


def test_a_bad_mapping_is_not_told_what_a_file_of_tickets_needs() -> None:
    page = page_of(read("team/mapping.csv", b"one,two,three\n"))
    assert "column,\\<name>,\\<role>" in page
    assert "file of tickets" not in page


# Other people's text


def test_no_receipt_holds_what_a_cell_says() -> None:
    wrong_width = (",".join([MARKER] * 6), ",".join([MARKER] * 9))
    wrong_quotes = (f'1,,{MARKER},"x"{MARKER},,,urgent',)
    too_long = (f"1,,{MARKER}{'x' * 300},,{MARKER * 20},,urgent", f",,{MARKER * 9_000},,,,urgent")
    empty = (f"{MARKER},{MARKER},,,{MARKER},{MARKER},urgent",)
    good = (f"1,{MARKER},{MARKER},{MARKER},,,urgent", f"2,,{MARKER} b,,{MARKER},,non-urgent")
    report = report_of(*good, *wrong_width, *wrong_quotes, *too_long, *empty)
    assert report.accepted
    assert report.quarantined
    receipt = receipt_of(report)
    assert MARKER not in (receipt_json(receipt) + receipt_markdown(receipt)).decode()
    headerless = receipt_of(report_of(f"{MARKER},b", header=f"{MARKER} Miller,0171 555"))
    assert MARKER not in (receipt_json(headerless) + receipt_markdown(headerless)).decode()


def test_headers_labels_and_names_of_strangers_do_not_become_markup() -> None:
    header = "`<b>`,title,label_urgency,<script>,[x](http://y)"
    page = page_of(report_of("1,a,high,x,y", "2,b,low,x,y", header=header))
    assert "`'<b>'`, `<script>`, `[x](http://y)`" in page
    read_as = ReadAs("commas", "UTF-8", 1, {"title": "<b>_x_"}, {"[a](b)": 1}, {"a*b|&~": 1})
    sentence = read_as_sentence(read_as)
    assert "\\<b>\\_x\\_ is the title" in sentence
    assert "\\[a](b) 1 is urgent, a\\*b\\|\\&\\~ 1 is not." in sentence
    questions = ("label,````<script>,",)
    page = page_of(FileReport("incoming/a.csv", 1, 9, questions=questions))
    assert "\n`````\nlabel,````<script>,\n`````\n" in page


def test_a_reason_cannot_become_markup() -> None:
    problem = Problem(2, "the header has <img src=x> and [a](http://b).")
    page = page_of(FileReport("incoming/`a`.csv", 1, 9, problems=(problem,)))
    assert "\\<img src=x> and \\[a](http://b)." in page
    assert "`incoming/'a'.csv`" in page


def test_what_the_json_says_and_what_the_page_says_is_the_same() -> None:
    report = report_of(*GOOD, "4,,d")
    members = json.loads(receipt_json(receipt_of(report)))
    assert f"{members['records']} rows: {members['accepted']} taken" in page_of(report)
