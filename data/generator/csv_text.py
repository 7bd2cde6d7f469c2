"""Rows to CSV text: UTF-8, line feed, quotes where needed."""

import csv
import io
from collections.abc import Iterable, Sequence


def to_line(fields: Sequence[str]) -> str:
    """One record without its line end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(fields)
    return out.getvalue()[:-1]


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Header and records as a file's bytes."""
    return "".join(to_line(fields) + "\n" for fields in (header, *rows)).encode()
