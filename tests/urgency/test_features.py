"""The features are scikit-learn's, and each word knows where it stands."""

from __future__ import annotations

import random

import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from tests.support.texts import hostile_text
from urgency.features import FEATURES, bucket, located_words, marked, terms


def test_words_are_runs_of_letters_and_digits_are_masked() -> None:
    found = terms("L4-SRUP_20 isn't UP: Störung 支払い")
    assert found == ["l", "0", "srup", "0", "isn", "t", "up", "störung", "支払い"]


def test_features_are_marked_words_and_pairs() -> None:
    pairs = ["t:server is", "t:is down"]
    assert marked(["server", "is", "down"], "t:") == ["t:server", "t:is", "t:down", *pairs]
    assert marked([], "t:") == []


def test_numbers_are_those_of_scikit_learns_hashing_vectorizer() -> None:
    rng = random.Random(1)
    for _ in range(500):
        features = marked(terms(hostile_text(rng)), "d:")
        vectorizer = HashingVectorizer(
            analyzer=lambda _, found=features: found,
            n_features=FEATURES,
            alternate_sign=False,
            norm=None,
            binary=True,
        )
        theirs = vectorizer.transform([""]).indices
        assert sorted({bucket(feature) for feature in features}) == sorted(theirs)


def test_every_word_stands_where_it_says() -> None:
    rng = random.Random(2)
    for _ in range(500):
        text = hostile_text(rng)
        located = list(located_words(text, "title"))
        assert [word.term for word in located] == terms(text)
        for word in located:
            assert text[word.start : word.end] == word.text
            assert word.term == "0" or word.text.lower().startswith(word.term[:1])


@pytest.mark.parametrize(
    ("text", "words"),
    [("İSTANBUL ofisi", ["İ", "STANBUL", "ofisi"]), ("STRAẞE 4", ["STRAẞE", "4"])],
)
def test_letters_that_grow_in_lower_case_do_not_shift_the_places(
    text: str, words: list[str]
) -> None:
    assert [word.text for word in located_words(text, "title")] == words
