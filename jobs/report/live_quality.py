"""Live quality: what a version calls the tickets that people labelled after it was made.

Only tickets that its snapshot did not hold count, so nothing here was learned by heart; and only
those that somebody labelled, so it is as fair as their choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.report.shares import wilson
from jobs.tickets.split import text_hash
from urgency.errors import BadTicket
from urgency.feedback import Feedback
from urgency.logs import Log
from urgency.scorer import Scorer
from urgency.ticket import Ticket, normal_ticket, same_text

MIN_URGENT = 10
"""Urgent tickets below which nothing is said about recall."""

FELL, KEPT, TOO_FEW = "fell", "kept", "too few"

Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Tickets of a week or of all weeks: `found`: urgent and called so."""

    tickets: int
    urgent: int
    called: int
    found: int

    @property
    def precision(self) -> Share | None:
        """Of the tickets that were called urgent, those that are."""
        return _share(self.found, self.called)

    @property
    def recall(self) -> Share | None:
        """Of the urgent tickets, those that were called so."""
        return _share(self.found, self.urgent)

    @property
    def false_alarms(self) -> Share | None:
        """Of the tickets that are not urgent, those that were called so."""
        return _share(self.called - self.found, self.tickets - self.urgent)

    def members(self) -> dict[str, Any]:
        """For JSON."""
        shares = {name: getattr(self, name) for name in ("precision", "recall", "false_alarms")}
        return asdict(self) | {name: one and asdict(one) for name, one in shares.items()}


@dataclass(frozen=True, slots=True)
class LiveQuality:
    """A version's: `weeks` by ISO week (UTC), in order; `learned`: labelled tickets that it knew.

    `promised`: its recall on its own test tickets.
    """

    version: int
    promised: float
    total: Counts
    weeks: dict[str, Counts]
    learned: int

    @property
    def state(self) -> str:
        """FELL where even recall's upper bound is below what was promised."""
        recall = self.total.recall
        if recall is None or self.total.urgent < MIN_URGENT:
            return TOO_FEW
        return FELL if recall.high < self.promised else KEPT

    def members(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "version": self.version,
            "state": self.state,
            "promised_recall": self.promised,
            "learned": self.learned,
            **self.total.members(),
            "weeks": [{"week": week} | one.members() for week, one in self.weeks.items()],
        }


def live_quality(scorer: Scorer, known: Keys, feedback: Iterable[Feedback]) -> LiveQuality:
    """What this version calls labelled tickets. known: hashes of its snapshot's texts, rising."""
    tickets, newest = _newest(feedback)
    keys = np.array([text_hash(same_text(ticket)) for ticket in tickets], np.uint64)
    new = np.flatnonzero(~np.isin(keys, known)).tolist()
    scores = scorer.scores([tickets[at] for at in new])
    weeks: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for at, score in zip(new, scores, strict=True):
        year, week, _ = newest[at].at.isocalendar()
        outcome = newest[at].is_urgent, scorer.is_urgent(score.probability)
        weeks[f"{year}-W{week:02}"].append(outcome)
    manifest = scorer.manifest
    return LiveQuality(
        version=manifest.version,
        promised=manifest.metrics.get("test", {}).get("recall", 0.0),
        total=_counts(outcome for outcomes in weeks.values() for outcome in outcomes),
        weeks={week: _counts(weeks[week]) for week in sorted(weeks)},
        learned=len(tickets) - len(new),
    )


def tell(quality: LiveQuality, log: Log) -> None:
    """A line with the numbers; and one for the alert where recall fell."""
    total, recall = quality.total, quality.total.recall
    facts = {"version": quality.version, "state": quality.state, "tickets": total.tickets}
    if recall:
        facts |= {name: round(value, 4) for name, value in asdict(recall).items()}
    log.info("live_quality", **facts, promised_recall=quality.promised)
    if recall and quality.state == FELL:
        log.warning(
            "quality_fell",
            version=quality.version,
            recall_at_most=round(recall.high, 4),
            promised_recall=quality.promised,
        )


def _newest(feedback: Iterable[Feedback]) -> tuple[list[Ticket], list[Feedback]]:
    """The last word on each ticket: the same id, else the same text."""
    by_id: dict[str, tuple[Ticket, Feedback]] = {}
    for said in sorted(feedback, key=lambda one: one.at):
        try:
            ticket = normal_ticket(said.title, said.description, said.source, said.customer_tier)
        except BadTicket:
            continue
        by_id[said.id or f"\n{same_text(ticket)}"] = ticket, said
    latest = sorted(by_id.values(), key=lambda pair: pair[1].at)
    by_text = {same_text(ticket): (ticket, said) for ticket, said in latest}
    return [ticket for ticket, _ in by_text.values()], [said for _, said in by_text.values()]


def _counts(outcomes: Iterable[tuple[bool, bool]]) -> Counts:
    pairs = list(outcomes)
    urgent = sum(is_urgent for is_urgent, _ in pairs)
    return Counts(len(pairs), urgent, sum(called for _, called in pairs), sum(map(all, pairs)))


def _share(count: int, of: int) -> Share | None:
    return Share(count / of, *wilson(count / of, of)) if of else None
