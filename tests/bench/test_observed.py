"""Counting is measured as the service does it. bench.observed measures its share of a request."""

from __future__ import annotations

from bench.observed import counting
from service.model_slot import Serving
from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket


def test_a_ticket_in_a_batch_costs_less_to_count_than_one_alone() -> None:
    serving = Serving(Scorer(registry_with(1).bundle(1)), 1)
    tickets = [normal_ticket(**one) for one in (URGENT_TICKET, CALM_TICKET)] * 200
    one_s, batch_s = counting(serving, tickets)
    assert 0 < batch_s / len(tickets) < one_s
