"""Records -> answers in their order: what the model says of each, or why it says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any, NamedTuple

from jobs.tickets.chunks import Records
from jobs.tickets.rows import Rows, judged
from jobs.tickets.table import Table
from urgency.batch_reasons import WordShare
from urgency.scorer import Scorer
from urgency.ticket import Ticket

ADDED = ("urgent", "probability", "version", "reasons", "error")
"""What every row gets besides its own columns; `reasons` where they are asked for."""


class Answer(NamedTuple):
    """Of the record at `line`: a probability, or an error where there is none."""

    line: int
    fields: list[str]
    probability: float | None
    urgent: bool | None
    reasons: tuple[WordShare, ...]
    error: str


def answers(records: Records, table: Table, scorer: Scorer, reasons: int) -> Iterator[Answer]:
    """An answer for each record, the header once more left out; `reasons`: how many of each."""
    rows, problems = judged(records, table)
    tickets = _tickets(rows)
    scores = scorer.scores(tickets)
    whys = scorer.reasons(tickets, reasons) if reasons else repeat((), len(tickets))
    given = zip(scores, whys, strict=True)
    wrong = {problem.line: problem.reason for problem in problems}
    known = set(rows.line) if len(rows.line) + len(wrong) < len(records) else None
    for line, fields in zip(records.lines, records.fields, strict=True):
        if line in wrong:
            yield Answer(line, fields, None, None, (), wrong[line])
        elif known is None or line in known:
            score, why = next(given)
            probability = score.probability
            urgent = scorer.is_urgent(probability)
            yield Answer(line, fields, probability, urgent, why, "")


def _tickets(rows: Rows) -> list[Ticket]:
    columns = (rows.title, rows.description, rows.source, rows.customer_tier)
    return [*map(Ticket, *columns)]


def error_text(line: int, reason: str) -> str:
    """What stands in the column `error`."""
    return f"line {line:,}: {reason}"


def reasons_text(reasons: tuple[WordShare, ...]) -> str:
    """Reasons in one cell: each word with its share of the log-odds."""
    return ", ".join(f"{reason.word} {reason.weight:+.2f}" for reason in reasons)


def reasons_members(reasons: tuple[WordShare, ...]) -> list[dict[str, Any]]:
    """Reasons as JSON."""
    return [
        {"field": one.field, "word": one.word, "weight": round(one.weight, 4)} for one in reasons
    ]
