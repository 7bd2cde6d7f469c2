"""The small broken file: good tickets and, at fixed lines, what goes wrong in real exports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.generator.csv_text import to_line
from data.generator.tickets import Row

LONG_FIELD = 70_000  # characters, above the cap of 64 KiB
WINDOWS_LINES = range(37, 42)
PASTED_LOG = ("ERROR timeout " * LONG_FIELD)[:LONG_FIELD]

MakeLine = Callable[[Row, Row], str]
"""From the row of this line and the row before it, the text that stands in the file."""


@dataclass(frozen=True)
class BadLine:
    """A line of the file (1: the header), what is wrong with it and what a reader does with it."""

    line: int
    wrong: str
    make: MakeLine
    then: str = "quarantined"


def _replaced(**fields: str) -> MakeLine:
    return lambda row, _: to_line(row._replace(**fields))


def _unquoted(description: str) -> MakeLine:
    """The description goes into the line as it stands, nothing escaped."""
    return lambda row, _: to_line(row._replace(description="<here>")).replace("<here>", description)


def _without_source(row: Row, _: Row) -> str:
    return to_line([value for name, value in row._asdict().items() if name != "source"])


def _again(_: Row, before: Row) -> str:
    return to_line(before)


def _other_label(_: Row, before: Row) -> str:
    other = "non-urgent" if before.label_urgency == "urgent" else "urgent"
    return to_line(before._replace(label_urgency=other))


_NESTED = _unquoted('"It says "offline" all day"')
_UNCLOSED = _unquoted('"Error on the scanner')
_CONTROLS = _unquoted("Scanner\x00 does not \x07scan")
_CONFLICT = "one of the two counts, conflict reported"
BAD_LINES = (
    BadLine(4, "the label is `asap`", _replaced(label_urgency="asap"), "taken as urgent"),
    BadLine(7, "title and description are empty", _replaced(title="", description="")),
    BadLine(10, "one field is missing: six instead of seven", _without_source),
    BadLine(13, "a comma outside quotes: eight fields", _unquoted("Printer down, again")),
    BadLine(16, "quotes inside a quoted field, not doubled", _NESTED),
    BadLine(19, "a quote that is never closed", _UNCLOSED, "quarantined, line 20 is read again"),
    BadLine(22, "a NUL and a BEL in the description", _CONTROLS, "taken without them"),
    BadLine(25, "a pasted log: 70,000 characters in one field", _replaced(description=PASTED_LOG)),
    BadLine(28, "line 27 once more", _again, "counted as duplicate"),
    BadLine(31, "the ticket of line 30 with the other label", _other_label, _CONFLICT),
    BadLine(34, "the label is empty", _replaced(label_urgency=""), "counted as not labelled yet"),
)


def bad_csv(rows: Sequence[Row]) -> bytes:
    """A CSV of the rows, one physical line each, with every bad line at its place."""
    rows = [row._replace(description=" ".join(row.description.split())) for row in rows]
    lines = [to_line(Row._fields), *map(to_line, rows)]
    for bad in BAD_LINES:
        lines[bad.line - 1] = bad.make(rows[bad.line - 2], rows[bad.line - 3])
    ends = ["\r\n" if number in WINDOWS_LINES else "\n" for number in range(1, len(lines) + 1)]
    return "".join(line + end for line, end in zip(lines, ends, strict=True)).encode()
