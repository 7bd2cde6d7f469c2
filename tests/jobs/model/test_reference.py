"""The reference counts what a model meets that has not seen the tickets, and keeps none of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from jobs.model.reference import GROUPS, category_counts, reference_of
from jobs.tickets.texts import TicketWords
from urgency.batch import words_of
from urgency.errors import CorruptObject
from urgency.observed import CATEGORIES
from urgency.reference import TOGETHER, read_reference

NAMED = {name: Counter({"(none)": 40}) for name in CATEGORIES}


def reference(texts: list[str], learned: list[bool] | None = None):
    n = len(texts)
    words = TicketWords.all_of(words_of([(text, "") for text in texts], stems=False))
    flags = np.array(learned or [True] * n)
    named = {name: Counter({"(none)": n}) for name in CATEGORIES}
    key = np.arange(n, dtype=np.uint64)
    return reference_of(words, np.linspace(0, 1, n), key, flags, named)


def test_a_word_that_only_its_own_ticket_has_is_not_known() -> None:
    texts = ["printer jam"] * 20 + ["unheard of"]
    known = reference(texts).counts.histograms["known"]
    assert (known[0], known[9]) == (1, 20)


def test_a_ticket_that_was_not_learned_teaches_nothing() -> None:
    texts = ["printer jam"] * 2
    known = reference(texts, [False, False]).counts.histograms["known"]
    assert known[0] == 2
    known = reference(texts, [True, False]).counts.histograms["known"]
    assert (known[0], known[9]) == (1, 1)  # the other one is met by a model that has it


def test_every_ticket_is_counted_once_in_every_family() -> None:
    counts = reference(["one two three"] * 3_000 + [""]).counts
    assert counts.tickets == 3_001
    assert counts.histograms["words"].sum() == 9_000
    assert {int(counts.histograms[name].sum()) for name in ("probability", "known", "length")} == {
        3_001
    }


def test_groups_of_tickets_are_kept_and_never_one_alone() -> None:
    made = reference(["one two three"] * 100)
    assert made.words.shape == (100 // TOGETHER, 512)
    assert set(made.words.sum(axis=1)) == {3 * TOGETHER}
    assert reference(["one"] * (TOGETHER - 1)).words.shape == (0, 512)
    assert len(reference(["one"] * (TOGETHER * GROUPS * 2)).words) == GROUPS


def test_it_survives_its_bytes_and_damage_is_named() -> None:
    made = reference(["one two"] * 50)
    read = read_reference(made.to_bytes())
    assert read.to_bytes() == made.to_bytes()
    assert read.counts.members() == made.counts.members()
    with pytest.raises(CorruptObject):
        read_reference(made.to_bytes()[:-40])


def test_rare_values_are_other_and_not_none() -> None:
    given = {"source": Counter({"email": 7, "fax": 1, "": 2}), "customer_tier": Counter()}
    counted = category_counts(given, {"source": {"email": 0.1}})
    assert counted["source"] == {"email": 7, "other": 1, "(none)": 2}
