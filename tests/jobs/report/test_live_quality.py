"""Live quality: which labelled tickets count, in which week, and when it has fallen."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from jobs.report.live_quality import (
    FELL,
    KEPT,
    MIN_URGENT,
    TOO_FEW,
    Counts,
    LiveQuality,
    live_quality,
    tell,
)
from jobs.report.shares import wilson
from jobs.tickets.split import text_hash
from tests.support.models import small_arrays, small_manifest
from urgency.bundle import Bundle
from urgency.feedback import Feedback, read_lines
from urgency.logs import Log
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket, same_text

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
DOWN = Feedback("", "Production down", "", "", "", is_urgent=True, by="ann", at=MONDAY)
CALM = replace(DOWN, title="Thank you", is_urgent=False)
NOTHING = np.empty(0, np.uint64)


def scorer(recall: float = 0.9) -> Scorer:
    manifest = small_manifest(7, metrics={"test": {"recall": recall}})
    return Scorer(Bundle(manifest, small_arrays(), []))


def numbered(said: Feedback, count: int, **changed: Any) -> list[Feedback]:
    """So many tickets that this model calls the same: it does not know the words."""
    return [replace(said, title=f"{said.title} x{'y' * n}", **changed) for n in range(count)]


def of(*said: Feedback, recall: float = 0.9, known: Any = NOTHING) -> LiveQuality:
    return live_quality(scorer(recall), known, said)


def test_labels_and_calls_are_counted() -> None:
    missed = replace(CALM, title="Thank you all", is_urgent=True)
    false_alarm = replace(DOWN, title="Production is down", is_urgent=False)
    found = of(DOWN, CALM, missed, false_alarm)
    assert found.total == Counts(tickets=4, urgent=2, called=2, found=1)
    for share in (found.total.precision, found.total.recall, found.total.false_alarms):
        assert share
        assert (share.value, (share.low, share.high)) == (0.5, wilson(0.5, 2))


def test_a_share_of_nothing_is_none() -> None:
    found = of(CALM)
    assert (found.total.precision, found.total.recall) == (None, None)
    assert found.members()["recall"] is None


def test_tickets_that_the_snapshot_held_are_left_out() -> None:
    text = same_text(normal_ticket(DOWN.title, ""))
    found = of(DOWN, CALM, known=np.array([text_hash(text)], np.uint64))
    assert (found.total.tickets, found.learned) == (1, 1)


def test_each_ticket_counts_once_with_its_last_label_by_id_or_else_by_text() -> None:
    later = replace(DOWN, is_urgent=False, at=MONDAY + timedelta(days=7))
    assert of(later, DOWN).total == Counts(1, 0, 1, 0)
    edited = replace(later, id="T-1", title="Production down again")
    found = of(edited, replace(DOWN, id="T-1"))
    assert (found.total.tickets, [*found.weeks]) == (1, ["2026-W03"])


def test_weeks_are_those_of_the_calendar_and_sum_up() -> None:
    sunday = replace(DOWN, title="Production down now", at=MONDAY + timedelta(days=6))
    found = of(replace(CALM, at=MONDAY + timedelta(days=7)), DOWN, sunday)
    assert {week: counts.tickets for week, counts in found.weeks.items()} == {
        "2026-W02": 2,
        "2026-W03": 1,
    }
    assert found.total.tickets == 3


def test_a_week_begins_at_mondays_midnight_in_utc_wherever_somebody_said_so() -> None:
    times = ("2026-01-04T23:30:00-05:00", "2026-01-05T00:30:00+02:00", "2026-01-05T00:00:00Z")
    lines = [
        replace(CALM, title=f"Thank you {n}").to_line().replace(b"2026-01-05T12:00:00+00:00", at)
        for n, at in enumerate(time.encode() for time in times)
    ]
    said, unread = read_lines(b"\n".join(lines))
    assert unread == 0
    weeks = {week: counts.tickets for week, counts in of(*said).weeks.items()}
    assert weeks == {"2026-W01": 1, "2026-W02": 2}


def test_the_same_message_again_and_a_very_old_one_change_nothing() -> None:
    old = replace(DOWN, is_urgent=False, at=datetime(1970, 1, 1, tzinfo=UTC))
    found = of(old, DOWN, CALM, CALM, DOWN, old)
    assert found == of(DOWN, CALM)
    assert found.total == Counts(tickets=2, urgent=1, called=1, found=1)


@pytest.mark.parametrize(
    "broken",
    [
        {"label_urgency": ["urgent"]},
        {"label_urgency": "perhaps"},
        {"updated_at": "0001-01-01T00:00:00+05:00"},
        {"updated_at": "2026-01-05T12:00:00"},
        {"updated_at": 5},
    ],
)
def test_a_line_that_says_nothing_is_counted_and_costs_no_other(broken: dict[str, Any]) -> None:
    line = json.dumps(json.loads(DOWN.to_line()) | broken).encode()
    said, unread = read_lines(line + b"\n" + CALM.to_line() + b"\n" + b"[" * 100_000)
    assert ([one.title for one in said], unread) == (["Thank you"], 2)


def test_a_text_that_no_ticket_may_have_is_left_out() -> None:
    found = of(replace(DOWN, title="\ud800 down"), replace(DOWN, title="a" * 300_000), CALM)
    assert found.total.tickets == 1


@pytest.mark.parametrize(
    ("right", "missed", "promised", "state"),
    [
        (0, MIN_URGENT - 1, 0.9, TOO_FEW),
        (MIN_URGENT // 2, MIN_URGENT // 2, 0.8, FELL),
        (MIN_URGENT // 2, MIN_URGENT // 2, 0.7, KEPT),
        (MIN_URGENT, 0, 0.9, KEPT),
    ],
)
def test_recall_has_fallen_where_its_upper_bound_is_below_the_promise(
    right: int, missed: int, promised: float, state: str
) -> None:
    said = [*numbered(DOWN, right), *numbered(CALM, missed, is_urgent=True)]
    found = of(*said, recall=promised)
    assert found.state == state
    log = io.StringIO()
    tell(found, Log(stream=log))
    events = [json.loads(line)["message"] for line in log.getvalue().splitlines()]
    assert events == ["live_quality"] + ["quality_fell"] * (state == FELL)
    assert "down" not in log.getvalue().lower()


def test_no_feedback_is_no_ticket() -> None:
    found = of()
    assert (found.total, found.weeks, found.state) == (Counts(0, 0, 0, 0), {}, TOO_FEW)
