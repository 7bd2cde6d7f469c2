"""Which tickets are chosen to be labelled, and why."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from jobs.report.wanted_labels import CUT, MIX, SOURCE, WORDS, Wanted, wanted_labels
from tests.support.models import small_arrays, small_manifest
from urgency.bundle import Bundle
from urgency.observed import NONE, OTHER
from urgency.ticket import Ticket, normal_ticket

WEIGHTS = {"source": {"email": 0.0, "phone": 0.0}}
LEARNED = {"email": 80, "phone": 20}
# Of the words of the small model: sure ones, and one about whose two halves it cannot decide.
SURE = [normal_ticket("production down", "", "email"), normal_ticket("thank", "", "email")]
UNSURE = normal_ticket("production thank", "", "email")


def bundle() -> Bundle:
    return Bundle(small_manifest(1, threshold=0.5, bias=0.0, weights=WEIGHTS), small_arrays(), [])


def chosen(*tickets: Ticket, most: int = 1) -> list[Wanted]:
    return wanted_labels(tickets, bundle(), LEARNED, most)


def numbered(count: int, source: str = "email", word: str = "zebra") -> list[Ticket]:
    return [normal_ticket(f"{word} {'x' * n}", "", source) for n in range(count)]


def test_the_ticket_nearest_the_cut_comes_first() -> None:
    assert chosen(*SURE, UNSURE) == [Wanted(2, CUT)]


def test_the_ticket_with_the_most_unseen_words_is_next() -> None:
    half = normal_ticket("production zebra", "", "email")
    whole = normal_ticket("zebra crossing thank", "", "email")
    found = chosen(*SURE, UNSURE, half, whole, most=len(MIX))
    assert Wanted(4, WORDS) in found


def test_a_source_that_is_more_frequent_here_is_asked_about() -> None:
    chats = numbered(3, "chat", "production")
    found = chosen(*SURE, UNSURE, *chats, most=6)
    assert {one.why for one in found if one.at >= 3} >= {SOURCE}
    mails = chosen(*SURE, UNSURE, *numbered(3), most=6)
    assert SOURCE not in {one.why for one in mails}, "80 of 100 labelled tickets are mails"


def test_a_ticket_without_a_source_has_one_to_count_by() -> None:
    found = wanted_labels(numbered(9, ""), bundle(), {NONE: 100}, 9)
    assert SOURCE not in {one.why for one in found}


def test_sources_that_the_version_does_not_name_are_one_as_in_its_reference() -> None:
    others = [*numbered(5, "chat"), *numbered(5, "fax", "production")]
    found = wanted_labels([*others, UNSURE], bundle(), {"email": 20, OTHER: 80}, 9)
    assert SOURCE not in {one.why for one in found}


def test_a_version_without_a_reference_asks_about_no_source() -> None:
    found = wanted_labels(numbered(9, "chat"), bundle(), {}, 9)
    assert {one.why for one in found} == {CUT, WORDS}


def test_it_is_a_mix_by_turns() -> None:
    found = chosen(*numbered(40, "chat"), *numbered(40, "email", "production"), most=20)
    assert Counter(one.why for one in found) == {CUT: 10, WORDS: 5, SOURCE: 5}


@pytest.mark.parametrize("seed", range(3))
def test_the_same_tickets_in_another_order_give_the_same_choice(seed: int) -> None:
    tickets = [*SURE, UNSURE, *numbered(30, "chat"), *numbered(30, "email", "production")]
    mixed = random.Random(seed).sample(tickets, len(tickets))
    before, after = (
        [(order[one.at], one.why) for one in wanted_labels(order, bundle(), LEARNED, 20)]
        for order in (tickets, mixed)
    )
    assert before == after


def test_a_text_is_chosen_once_and_few_tickets_are_all_chosen() -> None:
    found = chosen(UNSURE, UNSURE, *SURE, most=50)
    assert sorted(one.at for one in found) == [0, 2, 3]
    assert chosen(most=50) == []
