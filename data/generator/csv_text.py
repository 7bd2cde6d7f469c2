"""Rows to CSV text: UTF-8, line feed, quotes where needed."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TextIO


def write_csv(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Header and records, one after the other, whatever their number."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Header and records as a file's bytes."""
    out = io.StringIO()
    write_csv(out, header, rows)
    return out.getvalue().encode()


def to_line(fields: Sequence[str]) -> str:
    """One record without its line end."""
    return to_csv(fields, ()).decode()[:-1]
