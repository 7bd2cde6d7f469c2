"""The training matrix is scikit-learn's, cell by cell, and its one-hot part is centred."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from jobs.model.vectors import corpus_of, design_of, probabilities
from jobs.tickets.texts import TicketWords
from tests.support.features_one_by_one import ticket_features
from tests.support.job.frames import columns, corpus, frame, matrix
from tests.support.models import small_arrays, small_manifest
from tests.support.texts import hostile_text
from urgency.batch import weight_of_kind, words_of
from urgency.bundle import Bundle
from urgency.features import FEATURES, FIELD_MARKS, Kinds, terms
from urgency.scorer import Scorer
from urgency.ticket import normal_text, normal_ticket


@pytest.mark.parametrize("kinds", [Kinds(1.0), Kinds(0.25, 1.0), Kinds(0.0)])
def test_rows_and_idf_equal_scikit_learns_on_hostile_texts(kinds: Kinds) -> None:
    rng = random.Random(5)
    texts = [(normal_text(hostile_text(rng)), normal_text(hostile_text(rng))) for _ in range(400)]
    texts += [("", ""), ("only", "")]
    counts = sparse.lil_matrix((len(texts), FEATURES))
    marks = [mark for _, mark in FIELD_MARKS]
    for row, fields in enumerate(texts):
        for number in ticket_features(zip(map(terms, fields), marks, strict=True), kinds):
            counts[row, number] = 1
    tfidf = TfidfTransformer(norm=None)
    theirs = normalize(tfidf.fit_transform(counts.tocsr()) @ sparse.diags(weight_of_kind(kinds)))

    zeros = dict.fromkeys(("split_key", "same_text"), 0)
    none = {"source": "", "customer_tier": "", "urgent": False, **zeros}
    fold = np.arange(len(texts)) % 3
    words = TicketWords.all_of(words_of(texts, stems=True))
    ours = design_of(corpus_of(columns(pd.DataFrame(none, range(len(texts)))), words), kinds, fold)
    np.testing.assert_allclose(ours.idf, (tfidf.idf_ * weight_of_kind(kinds))[ours.seen], 1e-14)
    assert abs(matrix(ours.rows) - theirs[ours.order][:, ours.seen]).max() < 1e-6


def test_a_missing_value_is_the_average_of_the_others() -> None:
    rows = frame(200)
    design = design_of(corpus(rows), Kinds(), np.zeros(200, np.int64))
    rng = np.random.default_rng(0)
    weights = np.zeros(design.rows.weights, np.float32)
    weights[len(design.seen) :] = rng.normal(size=len(weights) - len(design.seen))
    odds = design.rows.times(weights) - weights[-1]
    tier = design.values["customer_tier"]
    assert tier == ["gold"]  # the only value is the average: it cannot say anything
    source = rows["source"].to_numpy()
    by_source = [odds[source == value].mean() for value in design.values["source"]]
    shares = [(source == value).mean() for value in design.values["source"]]
    assert np.dot(by_source, shares) == pytest.approx(0, abs=1e-6)
    assert max(by_source) > 0.01


def test_back_is_the_transpose_of_times() -> None:
    design = design_of(corpus(frame(50)), Kinds(), np.arange(50) // 20)
    rng = np.random.default_rng(0)
    columns = rng.normal(size=design.rows.weights).astype(np.float32)
    odds = rng.normal(size=50).astype(np.float32)
    there, back = design.rows.times(columns) @ odds, columns @ design.rows.back(odds)
    assert there == pytest.approx(back, rel=1e-4)


def test_each_ticket_has_the_probability_that_the_service_gives_it() -> None:
    rows = frame(300, seed=9)
    weights = {"source": {"email": 0.5}, "customer_tier": {"gold": -1.5}}
    scorer = Scorer(Bundle(small_manifest(1, weights=weights), small_arrays(), []))
    columns = [rows[name] for name in ("title", "description", "source", "customer_tier")]
    alone = [scorer.probability(normal_ticket(*cells)) for cells in zip(*columns, strict=True)]
    np.testing.assert_allclose(probabilities(scorer, corpus(rows)), alone, rtol=0, atol=1e-12)
    assert probabilities(scorer, corpus(rows[:0])).shape == (0,)
