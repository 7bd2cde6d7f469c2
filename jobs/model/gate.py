"""Gate: PROMOTE, HOLD or REJECT, and why; candidate and champion are scored on the same rows.

A champion's stored metric comes from another test set and is never compared with: in simulation
that let a candidate which was two points worse through in 21 % of runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from jobs.model.metrics import Flags, Floats, brier, paired_bootstrap_pr_auc, roc_auc_lower_bound
from urgency.bundle import Verdict

PROMOTE, HOLD, REJECT = "PROMOTE", "HOLD", "REJECT"
MIN_OF_EACH_LABEL = 5
"""Held-out tickets of each label below which nothing is said about a model."""

FIRST = "It is the first model, and it tells urgent tickets from the others."
SAME = "The tickets are the same as version {version}'s, so nothing is released."

SIGNAL_CONFIDENCE = 0.99
MARGIN = 0.02
"""PR-AUC that a fresher candidate may lose, at the 95 % lower bound of a paired bootstrap."""

RECALL_SIGNIFICANCE = 0.01
MIN_SLICE_URGENT = 10
"""Urgent test tickets that a source or tier needs before its recall is compared."""


@dataclass(frozen=True)
class Scores:
    """A model's P(urgent), shape (n,), and the threshold from which it calls a ticket urgent."""

    probability: Floats
    threshold: float

    @property
    def called(self) -> Flags:
        """Which tickets it calls urgent, shape (n,)."""
        return self.probability >= self.threshold


@dataclass(frozen=True)
class Champion:
    """The serving model on today's test rows; `rows` is how many tickets it was made from."""

    version: int
    rows: int
    scores: Scores


@dataclass(frozen=True)
class Evidence:
    """What the gate looks at. Arrays of one set have one length.

    `test_*` are today's test rows; `held_out_*` add the validation rows, which neither model was
    fitted on either; `base_rate` is the share of urgent training tickets; `slices` are the test
    rows' values by column; `repeats` says that the champion has the same tickets and recipe.
    """

    rows: int
    min_rows: int
    base_rate: float
    test_urgent: Flags
    test: Scores
    held_out_urgent: Flags
    held_out: Scores
    slices: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    broken_promises: tuple[str, ...] = ()
    champion: Champion | None = None
    fresher: bool = True
    repeats: bool = False


def judge(evidence: Evidence) -> Verdict:
    """The verdict, with reasons in plain words."""
    against = evidence.champion.version if evidence.champion else 0

    def verdict(decision: str, reasons: list[str]) -> Verdict:
        return Verdict(decision, tuple(reasons), against)

    if nothing_to_judge := list(_nothing_to_judge(evidence)):
        return verdict(HOLD, nothing_to_judge)
    if no_signal := list(_no_signal(evidence)):
        return verdict(REJECT, no_signal)
    if broken := [f"It breaks a promise: {broken}." for broken in evidence.broken_promises]:
        return verdict(REJECT, broken)
    if evidence.champion is None:
        return verdict(PROMOTE, [FIRST])
    if worse := list(_worse(evidence, evidence.champion)):
        return verdict(HOLD, worse)
    return verdict(*_against_champion(evidence, evidence.champion))


def _nothing_to_judge(evidence: Evidence) -> Iterator[str]:
    if evidence.champion and evidence.repeats:
        yield SAME.format(version=evidence.champion.version)
    else:
        yield from _too_little(evidence)


def _too_little(evidence: Evidence) -> Iterator[str]:
    if evidence.rows < evidence.min_rows:
        needed = f"at least {evidence.min_rows:,} are needed"
        yield f"There are {evidence.rows:,} usable tickets; {needed}."
    else:
        yield from _too_few_of_a_label(evidence.held_out_urgent)
    champion = evidence.champion
    if champion and evidence.rows < champion.rows / 2:
        yield (
            f"There are {evidence.rows:,} usable tickets, under half of the {champion.rows:,} that"
            f" version {champion.version} learned from. If most of the bucket was deleted by"
            " mistake, restore it."
        )


def _too_few_of_a_label(held_out_urgent: Flags) -> Iterator[str]:
    for label, rows in (("urgent", held_out_urgent), ("non-urgent", ~held_out_urgent)):
        if (count := rows.sum()) < MIN_OF_EACH_LABEL:
            yield (
                f"Only {count} of the tickets set aside for judging are {label}; "
                f"at least {MIN_OF_EACH_LABEL} are needed. Add more {label} tickets."
            )


def _no_signal(evidence: Evidence) -> Iterator[str]:
    probability, urgent = evidence.held_out.probability, evidence.held_out_urgent
    lowest = roc_auc_lower_bound(probability, urgent, SIGNAL_CONFIDENCE)
    if lowest <= 0.5:
        yield (
            "The texts do not tell urgent tickets from others: ROC-AUC may be as low as"
            f" {lowest:.2f}, and .50 is tossing a coin. Are the labels right?"
        )
    guessing = brier(np.full(len(urgent), evidence.base_rate), urgent)
    ours = brier(probability, urgent)
    if ours >= guessing:
        yield (
            "Its probabilities are no better than always saying the base rate "
            f"(Brier {ours:.3f}, not under {guessing:.3f})."
        )


def _worse(evidence: Evidence, champion: Champion) -> Iterator[str]:
    """Falls of urgent recall that chance does not explain, overall and by slice."""
    everything = np.ones(len(evidence.test_urgent), bool)
    parts = [("overall", everything), *_slices(evidence)]
    for name, part in parts:
        urgent = part & evidence.test_urgent
        lost = int((urgent & champion.scores.called & ~evidence.test.called).sum())
        won = int((urgent & ~champion.scores.called & evidence.test.called).sum())
        # McNemar's exact test on the tickets that one of the two finds, corrected for the parts.
        significance = RECALL_SIGNIFICANCE / len(parts)
        if lost > won and binomtest(lost, lost + won, alternative="greater").pvalue < significance:
            yield (
                f"It misses {lost} urgent tickets ({name}) that version {champion.version} finds, "
                f"and finds {won} that it misses."
            )


def _slices(evidence: Evidence) -> list[tuple[str, Flags]]:
    return [
        (f"{column} {value}", values == value)
        for column, values in evidence.slices.items()
        for value in sorted(set(values) - {""})
        if (evidence.test_urgent & (values == value)).sum() >= MIN_SLICE_URGENT
    ]


def _against_champion(evidence: Evidence, champion: Champion) -> tuple[str, list[str]]:
    difference = paired_bootstrap_pr_auc(
        evidence.test.probability, champion.scores.probability, evidence.test_urgent, seed=0
    )
    low, middle, high = (float(np.quantile(difference, q)) for q in (0.05, 0.5, 0.95))
    compared = (
        f"on the same {len(evidence.test_urgent):,} test tickets PR-AUC differs from version"
        f" {champion.version}'s by {middle:+.3f} ({low:+.3f} to {high:+.3f})"
    )
    if low > 0:
        return PROMOTE, [f"It is better: {compared}."]
    if low > -MARGIN and evidence.fresher:
        return PROMOTE, [f"It is not worse and knows fresher tickets: {compared}."]
    if low > -MARGIN:
        return HOLD, [f"It is not better, and the tickets are the same: {compared}."]
    return HOLD, [f"It may be worse: {compared}; at most {MARGIN} may be lost."]
