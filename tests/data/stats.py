"""What can be said about a file of tickets without a model."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from data.generator.tickets import Row

LABELS = ("urgent", "non-urgent")


def parse_rows(content: bytes) -> list[Row]:
    """The rows of one of this folder's clean CSVs."""
    return [Row(**record) for record in csv.DictReader(io.StringIO(content.decode(), newline=""))]


def text_of(row: Row) -> str:
    """Title and description, as a model reads them."""
    return f"{row.title} {row.description}"


def masked_text(row: Row) -> str:
    """Lower case, digits masked, spaces collapsed: what near-copies have in common."""
    return " ".join(re.sub(r"\d+", "0", text_of(row).lower()).split())


def urgent_share(rows: Sequence[Row]) -> float:
    """Part of the rows labelled urgent."""
    return fmean(row.label_urgency == "urgent" for row in rows)


def duplicate_share(rows: Sequence[Row]) -> float:
    """Part of the rows whose masked text stands in an earlier row."""
    return 1 - len({masked_text(row) for row in rows}) / len(rows)


def best_token(rows: Sequence[Row]) -> tuple[str, float]:
    """The word whose presence alone tells the labels apart best, and its ROC-AUC (.5 to 1)."""
    sides = [[row for row in rows if row.label_urgency == label] for label in LABELS]
    urgent, calm = (Counter(_words(side)) for side in sides)
    aucs = {
        word: 0.5 + abs(urgent[word] / len(sides[0]) - calm[word] / len(sides[1])) / 2
        for word in urgent | calm
    }
    return max(aucs.items(), key=lambda found: found[1])


def _words(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from set(re.findall(r"\w\w+", text_of(row).lower()))
