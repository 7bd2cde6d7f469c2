"""Words are the same in title and description, and count once a ticket."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.report import word_sets as module
from jobs.report.word_sets import tickets_with, word_sets
from jobs.tickets.texts import TicketWords
from urgency.batch import words_of

TICKETS = [
    ("printer", "The printer printed 12 pages"),
    ("!", ""),
    ("VPN down", "vpn DOWN vpn"),
    ("", "?!"),
    ("the vpn", "7"),
]
URGENT = np.array([False, False, True, True, True])


def test_each_term_is_counted_in_the_tickets_of_each_label() -> None:
    words = TicketWords.all_of(words_of(TICKETS, stems=False))
    assert tickets_with(["vpn", "the", "printer", "absent", "0"], words, URGENT).tolist() == [
        [0, 2],
        [1, 1],
        [1, 0],
        [0, 0],
        [1, 1],
    ]
    assert tickets_with([], words, URGENT).shape == (0, 2)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    words = TicketWords.all_of(words_of(TICKETS * 3, stems=False))
    whole = tickets_with(["vpn", "the"], words, np.tile(URGENT, 3))
    monkeypatch.setattr(module, "_BLOCK", 2)
    assert (tickets_with(["vpn", "the"], words, np.tile(URGENT, 3)) == whole).all()


def test_a_set_has_each_different_word_once_whatever_its_field() -> None:
    sets = word_sets(words_of(TICKETS, stems=False))
    assert np.diff(sets.indptr).tolist() == [5, 1, 2, 1, 3]
    assert sets[0].multiply(sets[4]).sum() == 2  # "the" and digits
    assert sets[1].multiply(sets[3]).sum() == 1  # no words in either


def test_of_a_long_ticket_the_first_words_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORDS", 3)
    sets = word_sets(words_of([("a b", "a c d e"), ("", "d")], stems=False))
    assert np.diff(sets.indptr).tolist() == [2, 1]
