"""Findings: what the owner should know and what alone speaks against no model.

As verdicts they held sound models: a share or a rate moves with the season, and recall moves with
the cut (docs/decisions/0009).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from jobs.model.evidence import Comparison, Evidence
from jobs.model.metrics import Flags, roc_auc_with_error
from jobs.model.rules import SURE, named

RECALL_SIGNIFICANCE = 0.01
MIN_SLICE_URGENT = 10
"""Urgent tickets that a source or tier needs before its recall is compared."""

MOVED = 0.05
"""Change of the urgent share from which it is told, where chance does not explain it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is constant, `value` its number, `sentence` says it to people."""

    name: str
    value: float
    sentence: str


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What is told beside the verdict; empty where there is too little to say anything."""
    urgent = evidence.urgent[evidence.ours.known]
    if min(urgent.sum(), (~urgent).sum()) < 2:
        return ()
    found = [_ranking(evidence)]
    if evidence.champion:
        compared = Comparison(evidence, evidence.champion)
        for about in (_difference, _labels_by_file, _share_called, _base_rate, _recall):
            found += about(compared)
    return tuple(found)


def _ranking(evidence: Evidence) -> Finding:
    known = evidence.ours.known
    auc, error = roc_auc_with_error(evidence.ours.probability[known], evidence.urgent[known])
    low, high = auc - SURE * error, min(1.0, auc + SURE * error)
    return Finding(
        "ranking",
        auc,
        f"Scored by a model that did not see them, its {known.sum():,} tickets have ROC-AUC"
        f" {auc:.3f} ({low:.3f} to {high:.3f}).",
    )


def _difference(compared: Comparison) -> Iterator[Finding]:
    low, middle, high = compared.pr_auc_interval
    yield Finding(
        "pr_auc_difference",
        middle,
        f"On the same {compared.both.sum():,} tickets PR-AUC differs from version"
        f" {compared.champion.version}'s by {middle:+.3f} ({low:+.3f} to {high:+.3f}).",
    )


def _labels_by_file(compared: Comparison) -> Iterator[Finding]:
    if new := compared.most_unlike():
        auc, error = compared.agreement(new)
        yield Finding(
            "labels_of_new_files",
            auc,
            f"Of the new files the labels of {named(new.names)} go with the texts least: ROC-AUC"
            f" {auc:.2f}, give or take {SURE * error:.2f}; {compared.level:.2f} before.",
        )


def _share_called(compared: Comparison) -> Iterator[Finding]:
    ours, theirs = (
        float(scores.called[compared.both].mean())
        for scores in (compared.evidence.ours, compared.champion.scores)
    )
    if ours > 2 * theirs or theirs > 2 * ours:
        yield Finding(
            "share_called",
            ours,
            f"It calls {ours:.1%} of the tickets urgent, version {compared.champion.version} calls"
            f" {theirs:.1%} of them.",
        )


def _base_rate(compared: Comparison) -> Iterator[Finding]:
    urgent, seen = compared.evidence.urgent, compared.champion.seen
    old, new = urgent[seen], urgent[~seen]
    if not len(old) or not len(new):
        return
    error = np.sqrt(urgent.mean() * (1 - urgent.mean()) * (1 / len(old) + 1 / len(new)))
    if abs(new.mean() - old.mean()) > max(MOVED, SURE * error):
        yield Finding(
            "base_rate",
            float(new.mean()),
            f"Of the {len(new):,} new tickets {new.mean():.0%} are urgent, of those before"
            f" {old.mean():.0%}.",
        )


def _recall(compared: Comparison) -> Iterator[Finding]:
    """Falls of urgent recall that chance does not explain, overall and by slice."""
    both, urgent, champion = compared.both, compared.evidence.urgent, compared.champion
    parts = [("overall", both), *_slices(compared)]
    ours, theirs = compared.evidence.ours.called, champion.scores.called
    for name, part in parts:
        lost = int((part & urgent & theirs & ~ours).sum())
        won = int((part & urgent & ~theirs & ours).sum())
        # McNemar's exact test on the tickets that one of the two finds, corrected for the parts.
        significance = RECALL_SIGNIFICANCE / len(parts)
        if lost > won and bdtrc(lost - 1, lost + won, 0.5) < significance:
            yield Finding(
                "recall",
                float(lost - won),
                f"It misses {lost:,} urgent tickets ({name}) that version {champion.version} finds,"
                f" and finds {won:,} that it misses.",
            )


def _slices(compared: Comparison) -> list[tuple[str, Flags]]:
    urgent = compared.both & compared.evidence.urgent
    return [
        (f"{name} {value or '(none)'}", compared.both & column.holds(value))
        for name, column in compared.evidence.slices.items()
        for value in column.values
        if (urgent & column.holds(value)).sum() >= MIN_SLICE_URGENT
    ]
