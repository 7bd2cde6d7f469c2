"""Gate: PROMOTE, HOLD or REJECT, and why, in sentences for the owner of the tickets.

A champion's stored metric comes from other tickets and is never compared with: in simulation that
let a candidate which was two points worse through in 21 % of runs.
"""

import math
from collections.abc import Sequence

import numpy as np

from jobs.model import sentences
from jobs.model.evidence import Comparison, Evidence
from jobs.model.metrics import Flags, coin_error, roc_auc_with_error
from jobs.model.rules import RULES, SURE, Rule
from urgency.bundle import Verdict

PROMOTE, HOLD, REJECT = "PROMOTE", "HOLD", "REJECT"
MIN_OF_EACH_LABEL = 10
"""Tickets of each label below which nothing is said about a model."""

NO_SIGNAL = 0.6
"""ROC-AUC; a model that is surely below it, and may be a coin, has learned nothing."""

SPREAD = 1.5
"""How much wider than a coin's error ROC-AUC spread out of fold over 450 sets of random labels: the
fits of two folds share most of their tickets."""

SIGNAL = 3.0
"""Errors above a coin that a model needs."""

LEAST_SIGNAL = 0.05
"""Lead over a coin (ROC-AUC - .5) for which further tickets are asked for."""

BETTER = 0.05
"""Chance at which PR-AUC's bound is taken where nothing but a better model is released."""

Judgement = tuple[str, tuple[str, ...]]
"""Decision and reasons."""


def judge(evidence: Evidence, rules: Sequence[Rule] = RULES) -> Verdict:
    """The verdict; its reasons: what the model does, what changed, what to do."""
    champion = evidence.champion
    compared = Comparison(evidence, champion) if champion else None
    decision, reasons = (
        (_nothing_new(compared) if compared else None)
        or _too_little(evidence)
        or _without_signal(evidence)
        or _broken(evidence)
        or (_against(compared, rules) if compared else None)
        or (PROMOTE, sentences.better(evidence, compared))
    )
    return Verdict(decision, reasons, champion.version if champion else 0)


def _nothing_new(compared: Comparison) -> Judgement | None:
    """On equal tickets only a better model is worth a release: that of a better recipe."""
    if not compared.evidence.repeats or np.quantile(compared.pr_auc_difference, BETTER) > 0:
        return None
    return HOLD, (sentences.SAME.format(version=compared.champion.version),)


def _too_little(evidence: Evidence) -> Judgement | None:
    urgent, champion = evidence.urgent, evidence.champion
    rows = len(urgent)
    if rows < evidence.min_rows:
        return HOLD, sentences.more_tickets(rows, evidence.min_rows - rows)
    for label, count in (("urgent", urgent.sum()), ("non-urgent", (~urgent).sum())):
        if count < MIN_OF_EACH_LABEL:
            return HOLD, sentences.more_of(label, int(count), rows, MIN_OF_EACH_LABEL - int(count))
    if champion and rows < champion.rows / 2:
        return HOLD, sentences.perhaps_deleted(rows, champion)
    return None


def _without_signal(evidence: Evidence) -> Judgement | None:
    """REJECT where there surely is no signal; HOLD where more tickets may show one."""
    known = evidence.ours.known
    probability, urgent = evidence.ours.probability[known], evidence.urgent[known]
    auc, _ = roc_auc_with_error(probability, urgent)
    error = SPREAD * coin_error(urgent)
    if auc - SIGNAL * error <= 0.5:
        if auc + SURE * error < NO_SIGNAL:
            return REJECT, sentences.coin(evidence, auc)
        return HOLD, _more_for_signal(urgent, SIGNAL * error / max(auc - 0.5, LEAST_SIGNAL))
    loss = (probability - urgent) ** 2 - (urgent.mean() - urgent) ** 2
    if loss.mean() > SURE * loss.std(ddof=1) / math.sqrt(len(loss)):
        return REJECT, sentences.untrue(evidence)
    return None


def _more_for_signal(urgent: Flags, too_wide: float) -> tuple[str, ...]:
    """How many tickets of the rarer label are missing, with the root of which the error falls.

    too_wide: the error in units of what it may be.
    """
    is_rarer = urgent if urgent.mean() <= 0.5 else ~urgent
    label, count = ("urgent" if is_rarer is urgent else "non-urgent"), int(is_rarer.sum())
    more = max(1, math.ceil((too_wide**2 - 1) * count))
    return sentences.more_of(label, count, len(urgent), more)


def _broken(evidence: Evidence) -> Judgement | None:
    promises = evidence.broken_promises
    return (REJECT, tuple(map(sentences.BROKEN.format, promises))) if promises else None


def _against(compared: Comparison, rules: Sequence[Rule]) -> Judgement | None:
    objections = (rule(compared) for rule in rules)
    first = next((objection for objection in objections if objection), None)
    return (HOLD, sentences.worse(compared, first)) if first else None
