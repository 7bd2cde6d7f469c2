"""Batches have the features that tickets have one by one, on texts of every script."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from tests.support.features_one_by_one import ticket_features
from tests.support.texts import hostile_text
from urgency.batch import features_of, weight_of_kind, words_of
from urgency.features import FEATURES, FIELD_MARKS, PAIR, STEM, WORD, Kinds, terms
from urgency.ticket import normal_text

KINDS = [Kinds(0.0), Kinds(1.0), Kinds(0.0, 1.0), Kinds(0.5, 0.5)]


def texts(seed: int, count: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    return [(normal_text(hostile_text(rng)), normal_text(hostile_text(rng))) for _ in range(count)]


def one_by_one(texts: list[tuple[str, str]], kinds: Kinds) -> list[set[int]]:
    marks = [mark for _, mark in FIELD_MARKS]
    return [ticket_features(zip(map(terms, fields), marks, strict=True), kinds) for fields in texts]


@pytest.mark.parametrize("kinds", KINDS)
def test_a_batch_has_the_features_of_its_tickets(kinds: Kinds) -> None:
    some = [*texts(seed=1, count=1_500), ("", ""), ("only", ""), ("", "İ 0 ß Σ ΟΔΟΣ a1b22c _")]
    row, feature = features_of(words_of(some, stems=kinds.stem > 0), kinds)
    found = [set(feature[begin:end].tolist()) for begin, end in ends(row, len(some))]
    assert found == one_by_one(some, kinds)
    assert sum(map(len, found)) == len(feature)


def ends(row: np.ndarray, count: int) -> list[tuple[int, int]]:
    edges = np.searchsorted(row, np.arange(count + 1)).tolist()
    return list(pairwise(edges))


def test_no_tickets_are_no_words() -> None:
    words = words_of([], stems=True)
    assert (len(words), len(words.marked), len(list(words.blocks(10)))) == (0, 0, 0)
    assert len(features_of(words, Kinds()).row) == 0


def test_blocks_and_chosen_tickets_have_their_own_words() -> None:
    some = texts(seed=2, count=95)
    words = words_of(some, stems=True)
    for number, block in enumerate(words.blocks(10)):
        assert same(block, words_of(some[10 * number : 10 * number + 10], stems=True))
    kept = np.arange(95) % 3 == 1
    assert same(words.take(kept), words_of(some[1::3], stems=True))


def same(one: object, other: object) -> bool:
    names = ("marked", "stem", "counts")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_each_kind_counts_as_said() -> None:
    weight = weight_of_kind(Kinds(0.5, 0.25))
    assert weight.shape == (FEATURES,)
    assert [weight[at] for at in (WORD, PAIR - 1, PAIR, STEM - 1, STEM, FEATURES - 1)] == [
        *(1.0, 1.0, 0.5, 0.5, 0.25, 0.25)
    ]
