"""Counts add up, say nothing of a ticket, and are the same however many tickets come at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from urgency.observed import BINS, TOGETHER, Counts, Tally, no_counts
from urgency.scorer import Scorer
from urgency.ticket import Ticket, normal_ticket

MANY = [
    normal_ticket(**one)
    for one in (
        URGENT_TICKET,
        CALM_TICKET,
        {"title": "?!", "description": "", "source": "carrier pigeon"},
        {"title": "zażółć 42", "description": "down " * 90},
    )
    * 3
]


def scorer() -> Scorer:
    return Scorer(registry_with(1).bundle(1))


def counted(model: Scorer, *groups: list[Ticket]) -> Counts:
    tally = model.tally()
    for group in groups:
        model.scores(group, tally)
    return tally.take()


def test_each_ticket_is_in_one_bin_of_every_family_and_each_word_in_one_bucket() -> None:
    counts = counted(scorer(), [normal_ticket(**URGENT_TICKET)])
    assert counts.tickets == 1
    assert counts.histograms["words"].sum() == counts.histograms["length"].argmax() * 5
    assert counts.categories["source"] == {"email": 1}
    assert counts.categories["customer_tier"] == {"(none)": 1}
    # production, down and blocked of five words were seen in training
    assert counts.histograms["known"][6] == 1
    assert counts.histograms["probability"][19] == 1


def test_one_by_one_and_in_a_batch_they_are_the_same() -> None:
    model = scorer()
    singly, batch = counted(model, *([ticket] for ticket in MANY)), counted(model, MANY)
    assert singly.members() == batch.members()
    assert batch.categories["source"] == {"email": 3, "(none)": 6, "other": 3}


def test_a_ticket_without_a_word_has_none_that_is_known() -> None:
    nothing, known = normal_ticket("?!", ""), normal_ticket("Production down", "")
    counts = counted(scorer(), [nothing, known] * 5)
    assert (counts.histograms["known"][0], counts.histograms["known"][9]) == (5, 5)


def test_a_value_that_the_model_does_not_name_is_not_in_them() -> None:
    written = json.dumps(counted(scorer(), MANY).members())
    for word in ("pigeon", "production", "za"):
        assert word not in written


def test_they_survive_json_and_add_up() -> None:
    model = scorer()
    first, second = counted(model, MANY[:2]), counted(model, MANY[2:])
    read = Counts.from_members(json.loads(json.dumps(first.members())))
    assert (read + second + no_counts()).members() == counted(model, MANY).members()
    assert read.members() == first.members()  # what was added to has not changed


@pytest.mark.parametrize(
    "wrong",
    [
        {"tickets": 3},
        {"tickets": "2"},
        {"probability": [2]},
        {"known": [-1] + [3] + [0] * 8},
        {"length": None},
        {"words": ["a"] * BINS["words"]},
        {"source": ["email"]},
        {"source": {"email": 1.5}},
        {"customer_tier": {}},
    ],
)
def test_what_does_not_add_up_is_no_counts(wrong: dict[str, object]) -> None:
    members = counted(scorer(), MANY[:2]).members()
    assert Counts.from_members(members).tickets == 2
    with pytest.raises(ValueError, match="count"):
        Counts.from_members(members | wrong)


def test_no_ticket_is_lost_between_threads_and_takes() -> None:
    model = scorer()
    tally, taken = model.tally(), []

    def ask(number: int) -> None:
        for _ in range(TOGETHER):
            model.scores(MANY[:1] if number % 2 else MANY, tally)
        taken.append(tally.take())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(8)))
    assert isinstance(tally, Tally)
    assert sum(counts.tickets for counts in taken) == 4 * TOGETHER * (1 + len(MANY))
