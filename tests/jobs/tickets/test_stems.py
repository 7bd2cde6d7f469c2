"""The table of stems says of each word what the word itself does."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.tickets.stems import Stems, different
from urgency.batch import Words, words_of

TICKETS = [(f"printer{chr(97 + n % 26)} jams", f"word{n} ab printing") for n in range(300)]


@pytest.fixture(params=[1, 2**18])
def stems(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stems:
    monkeypatch.setattr("jobs.tickets.stems._WAITING_LEAST", request.param)
    return Stems()


def test_each_word_has_its_stem_in_whatever_parts_they_came(stems: Stems) -> None:
    words = words_of(TICKETS, stems=True)
    for part in words.blocks(7):
        stems.add(part)
    assert np.array_equal(stems.of(words), words.all_stems)
    few = words_of(TICKETS[250:40:-30], stems=True)
    assert np.array_equal(stems.of(few), few.all_stems)


def described(words: list[int], stems: list[int]) -> Words:
    """A ticket of these words, by their hashes, in its description."""
    counts = np.array([[0, len(words)]], np.int32)
    return Words(np.array(words, np.uint32), counts, np.array(stems, np.uint32))


def test_words_of_one_hash_have_the_lesser_stem_in_any_order(stems: Stems) -> None:
    one, other = described([5, 6], [8, 9]), described([5, 5], [8, 3])
    for words in (other, one, other):
        stems.add(words)
    assert stems.of(one).tolist() == [3, 9]


def test_no_word_has_no_stem(stems: Stems) -> None:
    nothing = words_of([], stems=True)
    stems.add(nothing)
    assert len(stems.of(nothing)) == 0
    assert len(different(np.empty(0, np.uint64))) == 0
