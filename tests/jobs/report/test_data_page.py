"""Every example of docs/data.md is run."""

from __future__ import annotations

import io
import re
from pathlib import Path

from jobs.report.receipt_page import read_as_sentence
from jobs.tickets.dataset import build_dataset
from jobs.tickets.file_report import FileReport
from urgency.records import SourceFile

PAGE = Path(__file__).parents[3] / "docs" / "data.md"
EXAMPLES = dict(re.findall(r"^```\w+ (.+)\n((?:.+\n)+?)```$", PAGE.read_text(), re.MULTILINE))


def reports(*names: str) -> list[FileReport]:
    files = [SourceFile(f"incoming/{name}", 1, len(EXAMPLES[name]), "") for name in names]
    bodies = {file.name: EXAMPLES[name].encode() for file, name in zip(files, names, strict=True)}
    return list(build_dataset(files, lambda file: io.BytesIO(bodies[file.name])).reports)


def test_every_example_is_used_here() -> None:
    assert set(EXAMPLES) == {"tickets.csv", "receipt of tickets.csv", "mapping.csv", "answered.csv"}


def test_the_example_is_read_as_the_page_says() -> None:
    [report] = reports("tickets.csv")
    assert report.read_as is not None
    assert read_as_sentence(report.read_as) + "\n" == EXAMPLES["receipt of tickets.csv"]
    assert (report.accepted, report.unlabelled, report.quarantined) == (3, 1, 0)


def test_the_mapping_answers_what_is_asked_without_it() -> None:
    assert reports("answered.csv")[0].status == "set aside"
    mapping, answered = reports("mapping.csv", "answered.csv")
    assert (mapping.status, mapping.accepted) == ("accepted", 4)
    assert (answered.status, answered.accepted) == ("accepted", 3)
    assert answered.read_as is not None
    assert answered.read_as.other == {"Zwei": 1}
