"""The training matrix is scikit-learn's, cell by cell."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from jobs.model.vectors import one_hot, presence_matrix, smooth_idf, unit_rows
from tests.support.texts import hostile_text
from urgency.features import FEATURES, FIELD_MARKS, marked, terms


def features(row: dict[str, str]) -> list[str]:
    return [f for field, mark in FIELD_MARKS for f in marked(terms(row[field]), mark)]


def test_presence_idf_and_unit_rows_equal_scikit_learns_on_hostile_texts() -> None:
    rng = random.Random(5)
    texts = [{"title": hostile_text(rng), "description": hostile_text(rng)} for _ in range(400)]
    texts += [{"title": "", "description": ""}, {"title": "only", "description": ""}]
    options = {"n_features": FEATURES, "alternate_sign": False, "norm": None, "binary": True}
    vectorizer = HashingVectorizer(analyzer=features, **options)
    theirs = vectorizer.transform(texts)
    tfidf = TfidfTransformer().fit(theirs)

    ours = presence_matrix(pd.DataFrame(texts))
    assert (ours != theirs).nnz == 0
    np.testing.assert_allclose(smooth_idf(ours), tfidf.idf_, rtol=1e-14)
    difference = unit_rows(ours, smooth_idf(ours)) - tfidf.transform(theirs)
    assert abs(difference).max() < 1e-14


def test_a_category_never_seen_has_no_column() -> None:
    hot = one_hot(pd.Series(["email", "fax", "", "phone"]), ["email", "phone"])
    assert hot.toarray().tolist() == [[1, 0], [0, 0], [0, 0], [0, 1]]
