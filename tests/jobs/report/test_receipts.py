"""A receipt says what came of a file and what to do, and never quotes a ticket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from jobs.report.receipts import Receipt, receipt_json, receipt_markdown, receipt_name
from jobs.tickets.file_report import FileReport, Problem, reports_from_json, reports_to_json
from tests.support.job.csv_files import HEADER, csv_bytes, dataset
from urgency.bundle import Verdict

MARKER = "xylophone"
AT = "2025-01-31T08:15:00+00:00"
FORM = {
    "schema", "file", "generation", "size_bytes", "status", "snapshot", "verdict", "version", "at",
    "records", "accepted", "duplicate", "quarantined", "problems", "more", "columns_ignored",
}  # fmt: skip


def receipt_of(
    report: FileReport, decision: str = "PROMOTE", against: int = 2, noticed: Sequence[str] = ()
) -> tuple[dict[str, Any], str]:
    verdict = Verdict(decision, ("It is better: by a lot.",), against)
    made = Receipt(report, 3, verdict, 3, AT)
    return json.loads(receipt_json(made)), receipt_markdown(made, noticed).decode()


def report_of(*lines: str, header: str = HEADER) -> FileReport:
    return dataset(csv_bytes(*lines, header=header)).reports[0]


def marked(columns: int = 7, label: str = "urgent") -> str:
    return ",".join([f"{MARKER} {label}"] * (columns - 1) + [label])


def test_the_json_has_exactly_the_agreed_form() -> None:
    header = HEADER.replace("source", "Extra")
    members, _ = receipt_of(report_of(marked(), marked(label="asap"), header=header))
    assert set(members) == FORM
    assert (members["schema"], members["status"]) == (1, "partly")
    assert (members["records"], members["accepted"], members["quarantined"]) == (2, 1, 1)
    [problem] = members["problems"]
    assert problem == {"line": 3, "reason": "label_urgency is neither urgent nor non-urgent."}
    assert members["columns_ignored"] == ["Extra"]
    verdict = members["verdict"]
    assert (verdict["decision"], verdict["against"]) == ("PROMOTE", 2)
    assert verdict["reasons"] == ["It is better: by a lot."]
    assert (members["snapshot"], members["version"], members["at"]) == (3, 3, AT)


@pytest.mark.parametrize(
    ("decision", "advice"), [("HOLD", "adds to them"), ("REJECT", "Look at some of the labels")]
)
def test_a_model_that_was_not_released_comes_with_advice(decision: str, advice: str) -> None:
    _, text = receipt_of(report_of(marked()), decision)
    assert advice in text


def test_what_stands_out_in_the_tickets_is_told_and_cannot_become_markup() -> None:
    _, text = receipt_of(report_of(marked()), noticed=["The word <b>sent</b> tells the label."])
    assert "## What stands out" in text
    assert "* The word \\<b>sent\\</b> tells the label." in text
    assert "stands out" not in receipt_of(report_of(marked()))[1]


def test_no_receipt_holds_what_a_cell_says() -> None:
    wrong_label = (marked(label=MARKER), ",,,,,,urgent")
    wrong_width = (marked(6), marked(9))
    wrong_quotes = (f'"{marked()}', f'{MARKER},"x"{MARKER}')
    too_long = (f"{MARKER}{'x' * 300},,{MARKER},,,,urgent", f",,{MARKER * 9_000},,,,urgent")
    bad = (*wrong_label, *wrong_width, *wrong_quotes, *too_long)
    report = report_of(marked(), marked(), *bad)
    assert (report.accepted, report.duplicate, report.quarantined) == (1, 1, len(bad))
    members, page = receipt_of(report)
    assert MARKER not in json.dumps(members) + page


def test_the_page_groups_lines_by_reason() -> None:
    wrong = [marked(label="asap")] * 3
    _, page = receipt_of(report_of(*wrong, marked(), marked(6), *wrong, marked(label="?")))
    assert "* lines 2-4, 7-10: label_urgency is neither urgent nor non-urgent." in page
    assert "* line 6: the row has 6 fields, the header has 7." in page


def test_the_page_of_a_good_file_says_what_happened_and_how_to_undo_it() -> None:
    _, page = receipt_of(report_of(marked()))
    for sentence in (
        "# The file was taken\n",
        "1 row: 1 taken, 0 not taken",
        "version 3",
        "It is better: by a lot.",
        "Delete `incoming/0.csv` from the bucket",
        "urgency rollback --to 2",
    ):
        assert sentence in page


@pytest.mark.parametrize(
    ("decision", "against", "sentence"),
    [
        ("PROMOTE", 0, "it answers from now on"),
        ("HOLD", 2, "version 2 goes on answering"),
        ("REJECT", 0, "no model answers yet"),
    ],
)
def test_the_page_says_who_answers_now(decision: str, against: int, sentence: str) -> None:
    _, page = receipt_of(report_of(marked()), decision, against)
    assert sentence in page
    assert "rollback" not in page


def test_a_refused_file_is_told_why_and_what_to_do() -> None:
    members, page = receipt_of(dataset(b"PK\x03\x04 xl/workbook.xml").reports[0])
    assert (members["status"], members["records"]) == ("quarantined", 0)
    assert "# The file was not taken" in page
    assert "Excel workbook" in page
    assert "drop the file again under the same name" in page


def test_headers_and_names_of_strangers_do_not_become_markup() -> None:
    header = "<script>,[x](http://y),`a`,title"
    _, page = receipt_of(report_of(marked(4), header=header))
    assert "\\<script>, \\[x](http://y), \\`a\\`" in page
    _, page = receipt_of(report_of(marked(5), header="`<b>`,title,label_urgency,x,y"))
    assert "`'<b>'`" in page


def test_long_lists_are_cut_and_counted() -> None:
    problems = tuple(Problem(line, "reason.") for line in range(2, 102, 2))
    report = FileReport("incoming/a.csv", 1, 1, 5, 0, 1_050, problems, 1_000, (), 0)
    _, page = receipt_of(report)
    assert "40 and 30 more: reason." in page
    assert "1,000 more rows could not be taken." in page


def test_a_receipt_can_be_written_again_from_the_stored_report() -> None:
    report = report_of(marked(), marked(label="asap"), marked(6))
    [stored] = reports_from_json(reports_to_json([report]))
    assert receipt_of(stored) == receipt_of(report)


def test_the_receipts_name_follows_the_file_and_long_names_are_hashed() -> None:
    assert receipt_name("incoming/team a/x.csv", 17) == "receipts/team a/x.csv.17"
    long = [receipt_name(f"incoming/{'ü' * 440}{end}.csv", 17) for end in ("a" * 8, "b" * 8)]
    assert len({*long}) == 2
    assert all(len(f"{name}.json".encode()) <= 900 for name in long)


def test_receipts_are_written_without_pandas() -> None:
    script = "import jobs.report.receipts, sys; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"pandas", "sklearn", "scipy", "mlflow"} & set(ended.stdout.split())
