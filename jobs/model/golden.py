"""Golden tickets: fixed ones from the code, never from anybody's data, that every model is tried
on.

They prove two things: that the service computes what the job computed, and that a model keeps the
promises which hold whatever it learned.
"""

import math
import unicodedata
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from urgency.scorer import GOLDEN_TOLERANCE, Scorer
from urgency.ticket import Ticket, normal_ticket

_DOWN = "Nobody can log in since 09:15. All 40 stores are affected!"
_TONER = "No hurry, some time this week is fine."
_QUESTION = "Could you tell me what the second line means?"
_STOERUNG = "Zahlungen schlagen fehl – seit heute früh, 3 Länder betroffen."

TICKETS = (
    normal_ticket("Production is down", _DOWN, "phone", "enterprise"),
    normal_ticket("Printer is out of toner", _TONER, "email", "free"),
    normal_ticket("Question about invoice 2024-117", _QUESTION, "web", "standard"),
    normal_ticket("", "server unreachable, data loss possible"),
    normal_ticket("Résumé der Störung", _STOERUNG, "chat"),
    normal_ticket("支払いができません", "注文 12345 の支払いに失敗しました"),
    normal_ticket("İSTANBUL ofisi", "VPN bağlantısı yok 😟", customer_tier="premium"),
    normal_ticket("!!! ???", "— … —"),
)


def golden_part(scorer: Scorer) -> list[dict[str, Any]]:
    """Each golden ticket with the probability that every copy of this model must give it."""
    return [
        {"ticket": asdict(ticket), "probability": scorer.probability(ticket)} for ticket in TICKETS
    ]


def broken_promises(scorer: Scorer) -> list[str]:
    """What the model does that no urgency model should, in sentences; empty when it behaves.

    Invariance, direction and minimum function, after Ribeiro et al. 2020 (CheckList).
    """
    broken = []
    if not all(0 <= scorer.probability(ticket) <= 1 for ticket in TICKETS):
        broken.append("a probability lies outside 0 to 1")
    for what, changed in _INVARIANCES.items():
        pairs = ((scorer.probability(changed(t)), scorer.probability(t)) for t in TICKETS)
        if any(abs(after - before) > GOLDEN_TOLERANCE for after, before in pairs):
            broken.append(f"the probability changes with {what}")
    if not all(_adds_up(scorer, ticket) for ticket in TICKETS):
        broken.append("the reasons do not add up to the probability")
    return broken


_INVARIANCES: dict[str, Callable[[Ticket], Ticket]] = {
    "capital letters": lambda t: _with(
        t, title=t.title.upper().lower(), description=t.description.lower()
    ),
    "spaces": lambda t: _with(
        t, title=f"  {t.title} ", description=t.description.replace(" ", "   ")
    ),
    "digits": lambda t: _with(t, description=_other_digits(t.description)),
    "the way accents are stored": lambda t: _with(t, title=unicodedata.normalize("NFD", t.title)),
    "a source never seen": lambda t: _with(t, source="a source nobody has") if not t.source else t,
}


def _with(ticket: Ticket, **fields: str) -> Ticket:
    return normal_ticket(**(asdict(ticket) | fields))


def _other_digits(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "5678901234"))


def _adds_up(scorer: Scorer, ticket: Ticket) -> bool:
    found = scorer.explain(ticket, top=3)
    total = found.base + math.fsum(reason.weight for reason in found.reasons) + found.rest
    return abs(total - scorer.log_odds(ticket)) <= GOLDEN_TOLERANCE
