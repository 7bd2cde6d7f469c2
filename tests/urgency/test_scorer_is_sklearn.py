"""The scorer gives what scikit-learn's own pipeline gives, to 1e-9, on thousands of tickets."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from tests.support.models import small_manifest
from tests.support.texts import hostile_text
from urgency.bundle import Arrays, Bundle
from urgency.errors import BadTicket
from urgency.features import FEATURES, FIELD_MARKS, marked, terms
from urgency.scorer import Scorer
from urgency.ticket import Ticket, normal_ticket

CATEGORIES = ["source", "customer_tier"]


def tickets(seed: int, count: int) -> list[Ticket]:
    rng = random.Random(seed)
    made: list[Ticket] = []
    while len(made) < count:
        texts = hostile_text(rng), hostile_text(rng)
        categories = rng.choice(["email", "Phone", "", "web"]), rng.choice(["", "gold"])
        with suppress(BadTicket):
            made.append(normal_ticket(*texts, *categories))
    return made


def analyzer(ticket: Ticket) -> list[str]:
    return [f for field, mark in FIELD_MARKS for f in marked(terms(getattr(ticket, field)), mark)]


class SklearnPipeline:
    """The same recipe, of scikit-learn's parts only."""

    def __init__(self, train: list[Ticket], urgent: np.ndarray) -> None:
        self.hashing = HashingVectorizer(
            analyzer=analyzer, n_features=FEATURES, alternate_sign=False, norm=None, binary=True
        )
        self.tfidf = TfidfTransformer()
        self.one_hot = OneHotEncoder(handle_unknown="ignore")
        self.tfidf.fit(self.hashing.transform(train))
        self.one_hot.fit(self._categories(train))
        self.model = LogisticRegression(C=3.0, solver="liblinear").fit(self._rows(train), urgent)

    def probability(self, some: list[Ticket]) -> np.ndarray:
        return np.asarray(self.model.predict_proba(self._rows(some))[:, 1])

    def scorer(self) -> Scorer:
        seen = np.flatnonzero(self.model.coef_[0, :FEATURES])
        coef, columns = self.model.coef_[0], self.one_hot.categories_
        starts = FEATURES + np.cumsum([0, *map(len, columns)])
        weights = {
            name: dict(zip(values, coef[start:], strict=False))
            for name, values, start in zip(CATEGORIES, columns, starts, strict=False)
        }
        manifest = small_manifest(
            1,
            bias=float(self.model.intercept_[0]),
            unseen_idf=float(self.tfidf.idf_.max()),
            weights=weights,
        )
        learned = np.flatnonzero(
            (self.tfidf.idf_ < self.tfidf.idf_.max()) | np.isin(np.arange(FEATURES), seen)
        )
        arrays = Arrays(learned.astype(np.int32), self.tfidf.idf_[learned], coef[learned])
        return Scorer(Bundle(manifest, arrays, []))

    def _rows(self, some: list[Ticket]) -> sparse.csr_matrix:
        text = self.tfidf.transform(self.hashing.transform(some))
        return sparse.hstack([text, self.one_hot.transform(self._categories(some))]).tocsr()

    def _categories(self, some: list[Ticket]) -> pd.DataFrame:
        return pd.DataFrame([(t.source, t.customer_tier) for t in some], columns=CATEGORIES)


def test_scorer_equals_scikit_learn_on_thousands_of_tickets_of_every_script() -> None:
    train = tickets(seed=1, count=1_000)
    urgent = np.array([("down" in t.title) ^ (len(t.description) % 5 == 0) for t in train])
    pipeline = SklearnPipeline(train, urgent)
    scorer = pipeline.scorer()
    unseen = tickets(seed=2, count=3_000)
    assert len({round(p, 6) for p in pipeline.probability(unseen)}) > 1_000
    ours = np.array([scorer.probability(ticket) for ticket in unseen])
    np.testing.assert_allclose(ours, pipeline.probability(unseen), rtol=0, atol=1e-9)


def test_reasons_add_up_to_the_log_odds_and_name_words_as_they_stand() -> None:
    train = tickets(seed=3, count=300)
    urgent = np.array(["down" in ticket.title for ticket in train])
    scorer = SklearnPipeline(train, urgent).scorer()
    for ticket in tickets(seed=4, count=500):
        explained = scorer.explain(ticket, top=5)
        weights = [reason.weight for reason in explained.reasons]
        total = explained.base + sum(weights) + explained.rest
        assert abs(total - scorer.log_odds(ticket)) < 1e-9
        assert weights == sorted(weights, key=abs, reverse=True)
        for reason in explained.reasons:
            assert getattr(ticket, reason.field)[slice(*reason.span)] == reason.word
