"""Near-duplicates are found by their words, at a cost that grows with the words alone."""

from __future__ import annotations

import random

import pytest

from jobs.report.near_duplicates import near_duplicate_share
from jobs.tickets.texts import TicketWords
from tests.jobs.report.test_data_report import words
from tests.support.processor_time import least_of, seconds_of
from urgency.batch import words_of


def near_share(texts: list[str], others: list[str]) -> float:
    """Of tickets with the first three words as their title."""

    def split(text: str) -> list[str]:
        return [" ".join(text.split()[:3]), " ".join(text.split()[3:])]

    tickets, known = (
        TicketWords.all_of(words_of(map(split, some), stems=False)) for some in (texts, others)
    )
    return near_duplicate_share(tickets, known)


def test_near_duplicates_are_found_and_others_are_not() -> None:
    rng = random.Random(3)
    train = [words(rng) for _ in range(500)]
    near = [f"{text} more" for text in train[:50]]
    far = [words(rng) for _ in range(50)]
    assert near_share(near, train) >= 0.95
    assert near_share(far, train) == 0.0
    assert near_share([], train) == near_share(near, []) == 0.0


def test_texts_that_share_half_of_their_words_are_no_near_duplicates() -> None:
    rng = random.Random(4)
    train = [words(rng) for _ in range(500)]
    assert near_share([f"{text[:77]} {words(rng, 7)}" for text in train], train) == 0.0


@pytest.mark.parametrize(
    ("text", "other", "similar"),
    [
        ("The printer is out of toner", "the PRINTER is out of toner!", True),
        ("order 1 is late again today", "order 99 is late again today", True),
        ("the printer is out of toner", "the printer is out of paper", False),
        ("", "", True),
    ],
)
def test_case_digits_and_punctuation_do_not_count(text: str, other: str, similar: bool) -> None:
    assert near_share([text], [other]) == float(similar)


def test_the_share_is_of_the_first_texts() -> None:
    rng = random.Random(6)
    train = [words(rng) for _ in range(20)]
    assert near_share([train[0], *[words(rng) for _ in range(3)]], train) == 0.25


def test_a_template_that_all_tickets_share_does_not_cost_all_pairs() -> None:
    rng = random.Random(5)
    template = words(rng, 15)
    texts = [f"{template} {words(rng, 4)}" for _ in range(8_000)]

    def compare(tickets: int) -> float:
        one, other = texts[:tickets], texts[-tickets:]
        return seconds_of(lambda: near_share(one, other))

    once, four_times = least_of(2, lambda: compare(1_000), lambda: compare(4_000))
    assert four_times < 8 * once  # all pairs would cost 16 times as much
