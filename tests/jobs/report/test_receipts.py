"""A receipt's name, its JSON, and that both forms come of the stored report alone."""

from __future__ import annotations

import json
import subprocess
import sys

from jobs.report.receipt_page import receipt_markdown
from jobs.report.receipts import Receipt, receipt_json, receipt_name
from jobs.tickets.file_report import FileReport, reports_from_json, reports_to_json
from tests.support.job.csv_files import HEADER, csv_bytes, dataset
from urgency.bundle import Verdict

AT = "2025-01-31T08:15:00+00:00"
FORM = {
    "schema", "file", "generation", "size_bytes", "status", "snapshot", "verdict", "version", "at",
    "records", "accepted", "duplicate", "unlabelled", "quarantined", "problems", "more",
    "columns_ignored", "read_as", "replaced", "mapping", "notes",
}  # fmt: skip
READ_AS = {"kind", "encoding", "header_line", "columns", "urgent", "other"}
GOOD = ("1,,a,,,,High", "2,,b,,,,Low", "3,,c,,,,", "3,,d")


def receipt_of(report: FileReport) -> Receipt:
    return Receipt(report, 3, Verdict("PROMOTE", ("It is better: by a lot.",), 2), 3, AT)


def report_of(*lines: str, header: str = HEADER) -> FileReport:
    return dataset(csv_bytes(*lines, header=header)).reports[0]


def test_the_json_has_exactly_the_agreed_form() -> None:
    header = HEADER.replace("source", "Extra")
    members = json.loads(receipt_json(receipt_of(report_of(*GOOD, header=header))))
    assert set(members) == FORM
    assert (members["schema"], members["status"]) == (1, "partly")
    counts = ("records", "accepted", "duplicate", "unlabelled", "quarantined")
    assert [members[name] for name in counts] == [4, 2, 0, 1, 1]
    assert [problem["line"] for problem in members["problems"]] == [5]
    assert members["columns_ignored"] == ["Extra"]
    verdict = {"decision": "PROMOTE", "reasons": ["It is better: by a lot."], "against": 2}
    assert members["verdict"] == verdict
    assert (members["snapshot"], members["version"], members["at"]) == (3, 3, AT)


def test_the_json_says_how_the_file_was_read() -> None:
    read_as = json.loads(receipt_json(receipt_of(report_of(*GOOD))))["read_as"]
    assert set(read_as) == READ_AS
    assert (read_as["urgent"], read_as["other"]) == ({"High": 1}, {"Low": 1})
    assert read_as["columns"]["label_urgency"] == "label_urgency"


def test_the_json_of_a_file_that_was_set_aside_holds_the_rows_that_would_answer() -> None:
    rows = [f"{n},,ticket {n},,,,{'Eins' if n % 2 else 'Zwei'}" for n in range(20)]
    members = json.loads(receipt_json(receipt_of(report_of(*rows))))
    assert (members["status"], members["records"]) == ("set aside", 0)
    assert sorted(members["mapping"]) == ["label,Eins,", "label,Zwei,"]


def test_a_receipt_can_be_written_again_from_the_stored_report() -> None:
    report = report_of(*GOOD)
    [stored] = map(receipt_of, reports_from_json(reports_to_json([report])))
    assert receipt_json(stored) == receipt_json(receipt_of(report))
    assert receipt_markdown(stored) == receipt_markdown(receipt_of(report))


def test_the_receipts_name_follows_the_file_and_long_names_are_hashed() -> None:
    assert receipt_name("incoming/team a/x.csv", 17) == "receipts/team a/x.csv.17"
    long = [receipt_name(f"incoming/{'ü' * 440}{end}.csv", 17) for end in ("a" * 8, "b" * 8)]
    assert len({*long}) == 2
    assert all(len(f"{name}.json".encode()) <= 900 for name in long)


def test_receipts_are_written_without_pandas() -> None:
    script = "import jobs.report.receipt_page, sys; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"pandas", "sklearn", "scipy", "mlflow"} & set(ended.stdout.split())
