"""What a newcomer asks first, of the model that the synthetic tickets make: the right side, with
and without source and tier, for reasons that a person believes.
"""

from __future__ import annotations

from itertools import product

import pytest

from jobs.model.vectors import probabilities
from jobs.tickets.frame import frame_of
from tests.jobs.test_training import Workshop
from tests.support.cloud.live_stack import CHECKOUT
from urgency.scorer import Scorer, verified_scorer
from urgency.ticket import Ticket, normal_ticket

PAYROLL = (
    "Cannot log in to the payroll portal",
    "Since this morning nobody in our office can log in. Salaries have to be paid out today.",
)
ASKED = [
    ("Checkout is down for all customers", "", True),
    (*PAYROLL, True),
    ("Where can I download my invoice?", "", False),
    ("hi", "", False),
]
FUNCTION_WORDS = frozenset(
    """
    a an and any are as at be because been before being but by can could did do does for from
    had has have he her his how i if in into is it its just me more most my no nor not of off
    on once only or our out over she so some such than that the their them then there these
    they this those through to too under until up us very was we were what when where which
    while who whom why will with would you your about after again all am
    """.split()  # noqa: SIM905
)
WITHOUT_MEANING = 0.05
"""Share of called tickets whose first reason may be one of them or a single letter."""


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    workshop = Workshop()
    workshop.drop("tickets.csv", (CHECKOUT / "data/tickets.csv").read_bytes())
    workshop.commit()
    return workshop


@pytest.fixture(scope="module")
def scorer(workshop: Workshop) -> Scorer:
    return verified_scorer(workshop.registry.bundle(1))


@pytest.mark.parametrize(("title", "description", "urgent"), ASKED)
def test_it_is_called_right_whatever_the_source_and_tier(
    scorer: Scorer, title: str, description: str, *, urgent: bool
) -> None:
    sources, tiers = (["", *scorer.manifest.weights[name]] for name in scorer.manifest.weights)
    for source, tier in product(sources, tiers):
        ticket = normal_ticket(title, description, source, tier)
        assert scorer.is_urgent(scorer.probability(ticket)) == urgent, (source, tier)


def test_the_first_reason_has_a_meaning(workshop: Workshop, scorer: Scorer) -> None:
    snapshot = workshop.registry.snapshot(1)
    assert snapshot
    tickets = workshop.trainer.read(snapshot.files)
    called = probabilities(scorer, tickets.corpus) >= scorer.manifest.threshold
    rows = frame_of(tickets.data)[called & ~tickets.learned]
    columns = (rows[name] for name in ("title", "description", "source", "customer_tier"))
    first = [scorer.explain(Ticket(*row), 1).reasons[0] for row in zip(*columns, strict=True)]
    empty = [reason.word for reason in first if len(reason.word) == 1]
    empty += [reason.word for reason in first if reason.word.lower() in FUNCTION_WORDS]
    assert len(first) > 100
    assert len(empty) <= WITHOUT_MEANING * len(first), empty


def test_words_of_every_fourth_ticket_are_in_the_rest(scorer: Scorer) -> None:
    ticket = normal_ticket("The checkout is down and the tills are", "")
    explained = scorer.explain(ticket, 20)
    words = {reason.word.lower() for reason in explained.reasons}
    assert {"checkout", "down", "tills"} <= words
    assert not words & {"the", "is", "and"}
    total = explained.base + sum(reason.weight for reason in explained.reasons) + explained.rest
    assert total == pytest.approx(scorer.log_odds(ticket), abs=1e-9)
