"""A fitted model keeps the promises that hold whatever it learned, and one that does not is found
out.
"""

from __future__ import annotations

from jobs.model.fit import fit
from jobs.model.golden import TICKETS, broken_promises, golden_part
from tests.jobs.model.test_fit import scorer_of
from tests.support.job.frames import frame
from urgency.scorer import Scorer
from urgency.ticket import Ticket


def test_a_fitted_model_keeps_every_promise() -> None:
    assert broken_promises(scorer_of(fit(frame(300)))) == []


def test_golden_tickets_differ_in_probability_and_carry_it() -> None:
    part = golden_part(scorer_of(fit(frame(300))))
    assert len(part) == len(TICKETS)
    assert len({golden["probability"] for golden in part}) > 2


class _Shouting(Scorer):
    """Hears capital letters and digits, and says 1.5 for nothing in particular."""

    def probability(self, ticket: Ticket) -> float:
        return (
            1.5
            - len(ticket.title) / 1_000
            - sum(map(int, filter(str.isdecimal, ticket.description))) / 1_000
        )


def test_a_model_that_breaks_promises_is_told_which() -> None:
    shouting = scorer_of(fit(frame(300)))
    shouting.__class__ = _Shouting
    assert {"a probability lies outside 0 to 1", "the probability changes with digits"} <= set(
        broken_promises(shouting)
    )
