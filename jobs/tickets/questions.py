"""What the owner of a file is asked: rows of a mapping.csv that lack their answer."""

from __future__ import annotations

import csv
import io

from jobs.tickets.labels import Labels, is_showable
from jobs.tickets.table import SHOWN_MOST, Table, unused


def mapping_row(kind: str, name: str, answer: str = "") -> str:
    """A row of mapping.csv; kind: column or label."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([kind, name, answer])
    return line.getvalue()


def column_questions(table: Table) -> list[str]:
    """A row for each column that could be what is missing."""
    if not table.is_header:
        return []
    return [mapping_row("column", table.header[at]) for at in unused(table)[:SHOWN_MOST]]


def questions_of(table: Table, labels: Labels) -> list[str]:
    """What the labels mean; where they say nothing, which other column they may stand in."""
    return label_questions(labels) if labels.filled else column_questions(table)


def label_questions(labels: Labels) -> list[str]:
    """A row for each value that is not understood; where all are, one for blank labels."""
    open_values = [*labels.unknown] if labels.unknown else [""]
    return [mapping_row("label", value) for value in open_values if is_showable(value, labels)]
