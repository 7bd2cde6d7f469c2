"""A model keeps promises that do not depend on what it learned; one that breaks them is found."""

from __future__ import annotations

from jobs.model.fit import fit
from jobs.model.golden import TICKETS, broken_promises, golden_part
from tests.jobs.model.test_fit import scorer_of
from tests.support.job.frames import corpus, frame
from urgency.scorer import Scorer
from urgency.ticket import Ticket


def test_a_fitted_model_keeps_every_promise() -> None:
    assert broken_promises(scorer_of(fit(corpus(frame(300))))) == []


def test_golden_tickets_differ_in_probability_and_carry_it() -> None:
    part = golden_part(scorer_of(fit(corpus(frame(300)))))
    assert len(part) == len(TICKETS)
    assert len({golden["probability"] for golden in part}) > 2


class BadScorer(Scorer):
    """Its probability is over 1 and depends on the digits of the description."""

    def probability(self, ticket: Ticket) -> float:
        digits = sum(map(int, filter(str.isdecimal, ticket.description)))
        return 1.5 - (len(ticket.title) + digits) / 1_000


def test_the_promises_that_a_model_breaks_are_named() -> None:
    bad = scorer_of(fit(corpus(frame(300))))
    bad.__class__ = BadScorer
    broken = {"a probability lies outside 0 to 1", "the probability changes with digits"}
    assert broken <= set(broken_promises(bad))
