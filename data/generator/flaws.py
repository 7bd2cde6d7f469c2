"""The small broken file: good tickets and, at fixed lines, what goes wrong in real exports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.generator.csv_text import to_line
from data.generator.tickets import Row

LONG_FIELD = 70_000  # characters, above the cap of 64 KiB
WINDOWS_LINES = range(37, 42)


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one line of the file (1 is the header) and what a careful reader does with
    it.
    """

    line: int
    wrong: str
    then: str
    spoil: Callable[[Row, Row], str]


def _replaced(**fields: str) -> Callable[[Row, Row], str]:
    return lambda row, _: to_line(row._replace(**fields))


def _unquoted(description: str) -> Callable[[Row, Row], str]:
    """The description goes into the line as it stands, nothing escaped."""
    return lambda row, _: to_line(row._replace(description="<here>")).replace("<here>", description)


def _without_source(row: Row, _: Row) -> str:
    return to_line(
        [field for name, field in zip(row._fields, row, strict=True) if name != "source"]
    )


def _again(_: Row, before: Row) -> str:
    return to_line(before)


def _other_label(_: Row, before: Row) -> str:
    other = "non-urgent" if before.label_urgency == "urgent" else "urgent"
    return to_line(before._replace(label_urgency=other))


PASTED_LOG = ("ERROR timeout " * LONG_FIELD)[:LONG_FIELD]
FLAWS = (
    Flaw(4, "the label is `asap`", "quarantined", _replaced(label_urgency="asap")),
    Flaw(7, "title and description are empty", "quarantined", _replaced(title="", description="")),
    Flaw(10, "one field is missing: six instead of seven", "quarantined", _without_source),
    Flaw(
        13, "a comma outside quotes: eight fields", "quarantined", _unquoted("Printer down, again")
    ),
    Flaw(
        16,
        "quotes inside a quoted field, not doubled",
        "quarantined",
        _unquoted('"It says "offline" all day"'),
    ),
    Flaw(
        19,
        "a quote that is never closed",
        "quarantined, line 20 is read again",
        _unquoted('"Error on the scanner'),
    ),
    Flaw(
        22,
        "a NUL and a BEL in the description",
        "taken without them",
        _unquoted("Scanner\x00 does not \x07scan"),
    ),
    Flaw(
        25,
        "a pasted log: 70,000 characters in one field",
        "quarantined",
        _replaced(description=PASTED_LOG),
    ),
    Flaw(28, "line 27 once more", "counted as duplicate", _again),
    Flaw(
        31,
        "the ticket of line 30 with the other label",
        "one of the two counts, conflict reported",
        _other_label,
    ),
    Flaw(34, "the label is empty", "quarantined", _replaced(label_urgency="")),
)


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
