"""Texts of a sample are kept, the same ones in any order, and the words of all or of so many."""

from __future__ import annotations

import random

import numpy as np
import pytest

from jobs.tickets.split import mixed, text_hash
from jobs.tickets.texts import SLACK, Texts
from urgency.batch import Words, words_of

TITLES = [f"title {chr(97 + n % 26)}{chr(97 + n // 26 % 26)} {n}" for n in range(900)]
KEYS = np.array(list(map(text_hash, TITLES)), np.uint64)
SAMPLE = 100


@pytest.fixture(autouse=True, params=[10**6, 300])
def small_sample(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr("jobs.tickets.texts.SAMPLE", SAMPLE)
    monkeypatch.setattr("jobs.tickets.texts.WAITING_CHARACTERS", request.param)


def read(numbers: list[int], chunk: int = 70, most: int = 10_000) -> Texts:
    """Texts whose rows are the places in `numbers`."""
    texts = Texts(most)
    for begin in range(0, len(numbers), chunk):
        some = numbers[begin : begin + chunk]
        row = np.arange(begin, begin + len(some))
        texts.add(row, [TITLES[n] for n in some], ["text"] * len(some), KEYS[some])
    return texts


def kept(texts: Texts) -> set[str]:
    sample = texts.handed_sample()
    assert all(text == (TITLES[row], "text") for row, text in sample.items())
    return {text.title for text in sample.values()}


def same(words: Words, numbers: list[int]) -> bool:
    """Whether these are the words of those titles."""
    expected = words_of([(TITLES[n], "text") for n in numbers], stems=True)
    return all(
        np.array_equal(getattr(words, name), getattr(expected, name))
        for name in ("marked", "counts", "stem")
    )


EVERY = list(range(900))


def test_a_sample_of_texts_is_kept_and_all_words() -> None:
    texts = read(EVERY)
    hashes = mixed(KEYS)
    assert kept(texts) == {TITLES[n] for n in EVERY if hashes[n] <= np.sort(hashes)[SAMPLE]}
    assert same(texts.words(np.arange(900)).together(stems=True), EVERY)


def test_few_texts_are_all_kept() -> None:
    assert kept(read(EVERY[:SAMPLE], 30)) == set(TITLES[:SAMPLE])


@pytest.mark.parametrize("most", [40, 200, 640])
def test_of_many_tickets_the_words_of_so_many_are_kept_in_any_order(most: int) -> None:
    order = random.Random(most).sample(EVERY, 900)
    texts = read(order, 7, most)
    has_words = texts.has_words(KEYS[order])
    assert most <= has_words.sum() <= SLACK * most + 7
    row = np.flatnonzero(has_words)[::-1]
    assert same(texts.words(row).together(stems=True), [order[at] for at in row])
    again = set(KEYS[read(EVERY, 70, most).has_words(KEYS)])
    smaller, larger = sorted((again, set(KEYS[order][has_words])), key=len)
    assert smaller <= larger


def test_rows_that_are_not_taken_leave_their_words_too() -> None:
    texts = read(EVERY[:60], 20)
    texts.keep(20, np.arange(40) % 2 == 0)
    left = EVERY[:20] + EVERY[20:60:2]
    texts.add(np.array([40]), [TITLES[70]], ["text"], KEYS[70:71])
    sample = [(row, text.title) for row, text in texts.handed_sample().items()]
    assert sample == [*enumerate(TITLES[n] for n in [*left, 70])]
    assert same(texts.words(np.arange(41)).together(stems=True), [*left, 70])
    assert same(texts.words(np.array([40, 3])).take(np.array([1])).together(stems=True), [3])
