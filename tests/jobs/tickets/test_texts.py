"""Texts of a sample are kept, the same ones in any order, and the words of all."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.tickets.split import text_hash
from jobs.tickets.texts import Texts
from urgency.batch import words_of

TITLES = [f"title {chr(97 + n % 26)}{chr(97 + n // 26 % 26)} {n}" for n in range(900)]
SAMPLE = 100


@pytest.fixture(autouse=True)
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.tickets.texts.SAMPLE", SAMPLE)


def read(titles: list[str], chunk: int) -> Texts:
    texts = Texts()
    for begin in range(0, len(titles), chunk):
        some = titles[begin : begin + chunk]
        texts.add(some, ["text"] * len(some), np.array(list(map(text_hash, some)), np.uint64))
    return texts


def kept(texts: Texts) -> set[str]:
    return {title for title in texts.title if title}


def test_a_sample_of_texts_is_kept_and_all_words() -> None:
    texts = read(TITLES, 70)
    assert SAMPLE <= len(kept(texts)) <= 2 * SAMPLE
    both = zip(texts.title, texts.description, strict=True)
    assert all((title == "") == (description == "") for title, description in both)
    expected = words_of([(title, "text") for title in TITLES], stems=True)
    assert (texts.words.marked == expected.marked).all()
    assert (texts.words.counts == expected.counts).all()


def test_the_smallest_hashes_stay_whatever_the_order() -> None:
    there, back = kept(read(TITLES, 70)), kept(read(TITLES[::-1], 33))
    smaller, larger = sorted((there, back), key=len)
    assert smaller <= larger


def test_few_texts_are_all_kept() -> None:
    assert kept(read(TITLES[: 2 * SAMPLE], 50)) == set(TITLES[: 2 * SAMPLE])


def test_rows_that_are_not_taken_leave_their_words_too() -> None:
    texts = read(TITLES[:60], 20)
    texts.keep(20, [n % 2 == 0 for n in range(40)])
    left = TITLES[:20] + TITLES[20:60:2]
    assert texts.title == left
    expected = words_of([(title, "text") for title in left], stems=True)
    assert (texts.words.marked == expected.marked).all()
    texts.add(["more"], ["text"], np.array([1], np.uint64))
    assert len(texts.words) == len(left) + 1
