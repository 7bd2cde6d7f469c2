"""Honest scores are found again by text, and tell whether the label is the one that was learned."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.model.honest import HonestScores, read_honest
from urgency.errors import CorruptObject

KEYS = np.array([30, 10, 20], np.uint64)
STORED = HonestScores.of(KEYS, np.array([True, False, True]), np.array([0.75, 0.25, 0.5]))


def test_scores_are_found_by_text_and_known_by_text_and_label() -> None:
    asked = np.array([10, 10, 30, 5, 99], np.uint64)
    probability, seen = STORED.find(asked, np.array([False, True, True, True, True]))
    assert probability[:3].tolist() == [0.25, 0.25, 0.75]
    assert np.isnan(probability[3:]).all()
    assert seen.tolist() == [True, False, True, False, False]


def test_stored_bytes_give_the_scores_back_and_are_the_same_for_the_same_scores() -> None:
    again = read_honest(STORED.to_bytes())
    assert again.to_bytes() == STORED.to_bytes()
    assert again.key.tolist() == [10, 20, 30]
    turned = HonestScores.of(KEYS[::-1], np.array([True, False, True]), np.array([0.5, 0.25, 0.75]))
    assert turned.to_bytes() == STORED.to_bytes()


def test_no_tickets_know_nothing() -> None:
    none = HonestScores.of(KEYS[:0], np.array([], bool), np.array([]))
    probability, seen = none.find(KEYS, np.array([True, True, False]))
    assert np.isnan(probability).all()
    assert not seen.any()


@pytest.mark.parametrize("body", [b"", b"{}", STORED.to_bytes()[:100]])
def test_damaged_scores_say_so(body: bytes) -> None:
    with pytest.raises(CorruptObject, match="Stored scores do not parse"):
        read_honest(body)
