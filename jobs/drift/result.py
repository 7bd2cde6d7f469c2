"""Drift's result: what is stored, logged and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from jobs.drift.bins import Bins, bins_of, merged_bins
from jobs.drift.lines import Observed
from jobs.drift.since import moved_since
from jobs.drift.statistic import FEW, MOVED, STEADY, TOO_FEW, Window, check
from urgency.observed import Counts
from urgency.records import LabelsAsked
from urgency.reference import Reference

NO_REFERENCE = "no reference"
SINCE_MOST = timedelta(days=28)
"""How far back `since release` goes."""

DAY, WEEK, RELEASE = "last day", "last week", "since release"

FAMILIES = {
    "probability": "probability of being urgent",
    "known": "share of words that training saw",
    "length": "words a ticket",
    "words": "words",
    "source": "source",
    "customer_tier": "customer tier",
}
"""What people call them."""


@dataclass(frozen=True)
class Move:
    """A family that moved: how far (`index`), since when, and what in one sentence."""

    family: str
    index: float
    since: str
    what: str


@dataclass(frozen=True)
class Result:
    """The answer about one version at one moment, with what it rests on."""

    at: str
    version: int
    answer: str
    says: str
    windows: dict[str, Window]
    moves: tuple[Move, ...]
    unreadable: int

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {"format": 1, **asdict(self)}


def windows_of(
    observed: Observed, version: int, since: datetime, now: datetime
) -> dict[str, Counts]:
    """What a version met, by window; `since` its release."""
    spans = {DAY: timedelta(days=1), WEEK: timedelta(days=7), RELEASE: SINCE_MOST}
    later = now + timedelta(hours=1)  # the hour that runs
    return {
        name: observed.between(version, max(since, now - span) - timedelta(hours=1), later)
        for name, span in spans.items()
    }


def result_of(
    observed: Observed,
    version: int,
    reference: Reference | None,
    since: datetime,
    now: datetime,
    *,
    asked: LabelsAsked | None = None,
) -> Result:
    """The answer. A version made before there were references has none to compare with.

    asked: when labels were last asked for.
    """
    at = now.isoformat(timespec="seconds")
    counts = windows_of(observed, version, since, now)
    if reference is None:
        windows = {name: Window(one.tickets, NO_REFERENCE) for name, one in counts.items()}
        says = f"Version {version} holds no reference; the next training makes one that does."
        return Result(at, version, NO_REFERENCE, says, windows, (), observed.unreadable)
    windows = check(counts, reference)
    moves = _moves(windows, counts, observed.days(version), reference.counts)
    answers = {window.answer for window in windows.values()}
    answer = next(one for one in (MOVED, STEADY, TOO_FEW) if one in answers)
    says = _says(answer, windows, moves)
    if answer == MOVED:
        says = f"{says} {_wanted(version, asked)}"
    return Result(at, version, answer, says, windows, moves, observed.unreadable)


def _moves(
    windows: Mapping[str, Window],
    counts: Mapping[str, Counts],
    days: Mapping[date, Counts],
    reference: Counts,
) -> tuple[Move, ...]:
    """Each family that moved in a window, by the window in which it moved furthest."""
    moves: dict[str, Move] = {}
    for name, window in windows.items():
        for shift in window.moved:
            known = moves.get(shift.family)
            if known is None or shift.index > known.index:
                what = what_changed(shift.family, counts[name], reference)
                since = str(moved_since(days, shift.family, reference))
                moves[shift.family] = Move(shift.family, round(shift.index, 3), since, what)
    return tuple(sorted(moves.values(), key=lambda move: -move.index))


def what_changed(family: str, observed: Counts, reference: Counts) -> str:
    """The bin that changed most, in words."""
    if family == "words":
        return "other words than in training, or the same ones much more often"
    ours, theirs = merged_bins(family, observed, reference)
    if family in observed.categories:
        ours, theirs = bins_of(family, observed, reference)
    now, before = shares(ours), shares(theirs)
    name = max(zip(ours.names, now, before, strict=True), key=lambda one: abs(one[1] - one[2]))
    return f"{FAMILIES[family]} {name[0]}: {name[2]:.0%} -> {name[1]:.0%}"


def shares(side: Bins) -> list[float]:
    """Of each bin."""
    total = max(1, int(side.counts.sum()))
    return [count / total for count in side.counts.tolist()]


def _says(answer: str, windows: Mapping[str, Window], moves: tuple[Move, ...]) -> str:
    tickets = max(window.tickets for window in windows.values())
    if answer == TOO_FEW:
        return f"{tickets:,} tickets were scored; from {FEW} on it is judged."
    if answer == STEADY:
        return f"What is scored ({tickets:,} tickets) looks like what the model was trained on."
    listed = "; ".join(f"{move.what} (since {move.since})" for move in moves)
    return f"What is scored does not look like what the model was trained on: {listed}."


def _wanted(version: int, asked: LabelsAsked | None) -> str:
    """What helps, and what came of it so far."""
    if asked is None:
        return "Labels of such tickets help: 'urgency label' chooses which."
    since = f"Labels were asked for on {asked.at:%Y-%m-%d}"
    if version <= asked.version:
        return f"{since}, and no version was released since: 'urgency label', 'urgency models'."
    return f"{since}; version {version} was released since, and learned from other tickets still."
