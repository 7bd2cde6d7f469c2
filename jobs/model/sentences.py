"""Sentences of the gate, for the owner of the tickets: counts, files and what to do."""

from jobs.model.evidence import Champion, Comparison, Evidence, Scores
from jobs.model.metrics import Flags, metrics_of
from jobs.model.per_hundred import sentence
from jobs.model.rules import Objection, named

BROKEN = "It breaks a promise: {}."
SAME = "The tickets are the same as version {version}'s, so nothing is released."
FIRST = "No model answers yet, so there is nothing to compare it with."
NOTHING_TO_DO = "Nothing has to be done; drop further files whenever there are new tickets."
KEPT = "Nothing has to be done: the tickets are kept, and every further file adds to them."

Reasons = tuple[str, ...]


def better(evidence: Evidence, compared: Comparison | None) -> Reasons:
    """Why a model is released."""
    does = _calls("it", evidence.ours, evidence.urgent)
    return (does, _before(compared) if compared else FIRST, NOTHING_TO_DO)


def worse(compared: Comparison, objection: Objection) -> Reasons:
    """Why the champion stays, and which file to look at."""
    does = _calls("it", compared.evidence.ours, compared.evidence.urgent)
    unlike = compared.most_unlike()
    files = objection.files or (unlike.names if unlike else ())
    stays = f"version {compared.champion.version} goes on answering"
    if not files:
        return does, objection.sentence, f"Nothing has to be done: {stays}."
    look = (
        f"Look at the labels of {named(files)}: correct them and drop the file again under its"
        f" name, or delete it; until then {stays}."
    )
    return does, objection.sentence, look


def more_tickets(rows: int, more: int) -> Reasons:
    """Too few tickets for a model."""
    return f"There are {rows:,} usable tickets; {more:,} more are needed to make a model.", KEPT


def more_of(label: str, count: int, rows: int, more: int) -> Reasons:
    """Too few tickets of a label for a judgement."""
    return (
        f"Of {rows:,} tickets {count:,} are {label}: too few to say how good the model is.",
        f"About {more:,} more {label} {'ticket is' if more == 1 else 'tickets are'} needed.",
        KEPT,
    )


def perhaps_deleted(rows: int, champion: Champion) -> Reasons:
    """Most of the tickets are gone."""
    gone = (
        f"There are {rows:,} usable tickets, under half of the {champion.rows:,} that version"
        f" {champion.version} learned from."
    )
    return gone, "If most of the bucket was deleted by mistake, restore it."


def coin(evidence: Evidence, auc: float) -> Reasons:
    """Enough tickets to say that the texts do not tell the label."""
    texts = (
        f"The texts of {len(evidence.urgent):,} tickets do not tell urgent tickets from others:"
        f" of two tickets, one urgent and one not, it finds the urgent one {auc * 100:.0f} times"
        " in 100, and a coin 50 times."
    )
    look = "Look at how the labels came about: would two people give a ticket the same one?"
    return _calls("it", evidence.ours, evidence.urgent), texts, look


def untrue(evidence: Evidence) -> Reasons:
    """Probabilities worse than one number for all."""
    further = (
        "Its probabilities are further from the truth than always saying the base rate,"
        f" {evidence.urgent.mean():.0%}."
    )
    tell = "That is a fault of the training and not of the tickets: tell the service's operator."
    return _calls("it", evidence.ours, evidence.urgent), further, tell


def _before(compared: Comparison) -> str:
    champion, urgent = compared.champion, compared.evidence.urgent
    before = _calls(f"version {champion.version}", champion.scores, urgent).rstrip(".")
    low, middle, high = compared.pr_auc_interval
    return f"{before} (PR-AUC {middle:+.3f}, {low:+.3f} to {high:+.3f})."


def _calls(who: str, scores: Scores, urgent: Flags) -> str:
    known = scores.known
    return sentence(metrics_of(scores.probability[known], urgent[known], scores.threshold), who)
