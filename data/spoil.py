"""The small broken file: good tickets and, at fixed lines, what goes wrong in real exports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.csv_text import to_line
from data.tickets import Row

LONG_FIELD = 70_000  # characters, above the cap of 64 KiB
WINDOWS_LINES = range(37, 42)


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one line of the file (1 is the header) and what a careful reader does with it."""

    line: int
    wrong: str
    then: str
    spoil: Callable[[Row, Row], str]


def _second_label(_: Row, before: Row) -> str:
    other = "non-urgent" if before.label_urgency == "urgent" else "urgent"
    return to_line(before._replace(label_urgency=other))


def _unquoted(row: Row, description: str) -> str:
    """The row with a description written as it is, its quotes and commas not escaped."""
    return to_line(row._replace(description="<here>")).replace("<here>", description)


FLAWS = (
    Flaw(4, "the label is `asap`", "quarantined", lambda row, _: to_line(row._replace(label_urgency="asap"))),
    Flaw(7, "title and description are empty", "quarantined", lambda row, _: to_line(row._replace(title="", description=""))),
    Flaw(10, "a field is missing: six instead of seven", "quarantined", lambda row, _: to_line(row[:5] + row[6:])),
    Flaw(13, "a comma without quotes: eight fields", "quarantined", lambda row, _: _unquoted(row, "Printer down, again")),
    Flaw(16, "quotes inside a quoted field, not doubled", "quarantined",
         lambda row, _: _unquoted(row, '"The screen says "offline" all day"')),
    Flaw(19, "a quote is opened and never closed", "quarantined; line 20 is good again",
         lambda row, _: _unquoted(row, '"Scanner shows an error')),
    Flaw(22, "a NUL and a BEL character in the description", "accepted, the characters are dropped",
         lambda row, _: _unquoted(row, "Scanner\x00 does not \x07scan, please help".replace(",", ""))),
    Flaw(25, "the description has 70,000 characters, a log pasted whole", "quarantined",
         lambda row, _: to_line(row._replace(description=("ERROR timeout " * LONG_FIELD)[:LONG_FIELD]))),
    Flaw(28, "line 27 once more", "counted as duplicate", lambda _, before: to_line(before)),
    Flaw(31, "the ticket of line 30 with the other label", "counted as duplicate, the conflict is reported", _second_label),
    Flaw(34, "the label is empty", "quarantined", lambda row, _: to_line(row._replace(label_urgency=""))),
)  # fmt: skip


def spoil_csv(rows: Sequence[Row]) -> bytes:
    """A CSV of the rows, one physical line each, with every flaw at its line."""
    lines = [to_line(Row._fields)] + [to_line(_one_line(row)) for row in rows]
    for flaw in FLAWS:
        before, row = (_one_line(rows[flaw.line - 3]), _one_line(rows[flaw.line - 2]))
        lines[flaw.line - 1] = flaw.spoil(row, before)
    ends = ["\r\n" if number in WINDOWS_LINES else "\n" for number in range(1, len(lines) + 1)]
    return "".join(line + end for line, end in zip(lines, ends, strict=True)).encode()


def _one_line(row: Row) -> Row:
    return row._replace(description=" ".join(row.description.split()))
