"""Rules: what speaks against a candidate beside the champion, judged by where tickets come from.

Wrong labels stand in the tickets for judging too, so no single figure over all of them shows them.
docs/decisions/0009 tells what each rule catches and which others were tried.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from jobs.model.evidence import Comparison, has_both_labels
from jobs.model.metrics import at_rate

SURE = float(ndtri(0.99))
"""Standard errors beyond which a difference is not put down to chance."""

AGREEMENT = 0.95
"""Share of the promised lead over a coin that the candidate keeps on files that are sound."""

FORECAST_ERRORS = 5.0
LEAST_FALL = 0.02
"""ROC-AUC by which agreement has fallen where urgent labels are taken to be lost."""

LEAST_WORSE = 0.01
"""Share of the champion's Brier score that is no loss: of a million tickets two sound fits differ
by less than that, and still by more than chance."""

LARGE = 1_000
"""Tickets from which on the margin is narrow; the bootstrap of fewer would hold every other one."""

MARGINS = {False: (0.025, 0.05), True: (0.02, 0.025)}
"""Large or not -> PR-AUC that may be lost, and the chance at which its bound is taken."""


@dataclass(frozen=True)
class Objection:
    """What speaks against the candidate, in a sentence, and the files it is about (or none)."""

    sentence: str
    files: tuple[str, ...] = ()


Rule = Callable[[Comparison], Objection | None]


def agreement(compared: Comparison) -> Objection | None:
    """Labels of new files that the candidate cannot learn though it was fitted on their like.

    Promised is what the champion's probabilities let expect of this very file, and no more than it
    reached on old tickets. All files together show what each of many small ones hides.
    """
    together = compared.all_new
    for new in (*compared.new_files, *((together,) if together else ())):
        auc, error = compared.agreement(new)
        promised = min(compared.level, compared.forecast(new))
        if auc + SURE * error < 0.5 + AGREEMENT * (promised - 0.5):
            return Objection(
                f"The labels of {named(new.names)} do not go with the texts as those before did"
                f" (ROC-AUC {auc:.2f}, where {promised:.2f} was to be expected).",
                new.names,
            )
    return None


def lost_urgent(compared: Comparison) -> Objection | None:
    """New files with fewer urgent tickets than forecast and less agreement; either is natural."""
    for new in compared.new_files:
        urgent = compared.evidence.urgent[new.rows]
        forecast = compared.champion.scores.probability[new.rows]
        error = np.sqrt((forecast * (1 - forecast)).sum())
        auc, auc_error = compared.agreement(new)
        fewer = forecast.sum() - urgent.sum() > FORECAST_ERRORS * error
        if fewer and compared.level - auc > max(LEAST_FALL, SURE * auc_error):
            return Objection(
                f"In {named(new.names)} {urgent.mean():.0%} of the tickets are labelled urgent,"
                f" where the texts let expect {forecast.mean():.0%}.",
                new.names,
            )
    return None


def old_tickets(compared: Comparison) -> Objection | None:
    """Worse probabilities on the tickets that the champion knows (Brier, paired).

    Each model is first moved to these tickets' urgent share: a share that moved is no fault.
    """
    old = compared.old
    urgent = compared.evidence.urgent[old]
    if not has_both_labels(urgent):
        return None
    models = (compared.evidence.ours, compared.champion.scores)
    ours, theirs = (at_rate(model.probability[old], urgent.mean()) for model in models)
    before = (theirs - urgent) ** 2
    worse = (ours - urgent) ** 2 - before
    chance = SURE * worse.std(ddof=1) / np.sqrt(len(worse))
    if worse.mean() > max(chance, LEAST_WORSE * before.mean()):
        return Objection(
            f"On the {len(urgent):,} tickets that version {compared.champion.version} knows already"
            " its probabilities are worse than that version's."
        )
    return None


def margin(compared: Comparison) -> Objection | None:
    """PR-AUC on all tickets that may be lower by more than is allowed."""
    allowed, chance = MARGINS[bool(compared.both.sum() >= LARGE)]
    lowest, middle = (float(np.quantile(compared.pr_auc_difference, at)) for at in (chance, 0.5))
    if lowest > -allowed:
        return None
    return Objection(
        f"It may find urgent tickets worse than version {compared.champion.version}"
        f" (PR-AUC {middle:+.3f}, perhaps {lowest:+.3f}; at most {-allowed:+.3f} passes)."
    )


RULES: tuple[Rule, ...] = (agreement, lost_urgent, old_tickets, margin)


def named(files: tuple[str, ...]) -> str:
    """Files in a sentence; of many the first and the last."""
    if len(files) == 1:
        return files[0]
    between = "and" if len(files) == 2 else "to"
    return f"{files[0]} {between} {files[-1]}"
