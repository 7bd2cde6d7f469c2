"""The scorer gives what scikit-learn's own pipeline gives, to 1e-9, on thousands of tickets."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, normalize

from tests.support.features_one_by_one import ticket_features
from tests.support.models import small_manifest
from tests.support.texts import hostile_text
from urgency.batch import weight_of_kind
from urgency.bundle import Arrays, Bundle
from urgency.errors import BadTicket
from urgency.features import FIELD_MARKS, Kinds, features_with, terms
from urgency.scorer import Scorer
from urgency.ticket import Ticket, normal_ticket

CATEGORIES = ["source", "customer_tier"]
KINDS = Kinds(pair=0.5, stem=1.0)


def tickets(seed: int, count: int) -> list[Ticket]:
    rng = random.Random(seed)
    made: list[Ticket] = []
    while len(made) < count:
        texts = hostile_text(rng), hostile_text(rng)
        categories = rng.choice(["email", "Phone", "", "web"]), rng.choice(["", "gold"])
        with suppress(BadTicket):
            made.append(normal_ticket(*texts, *categories))
    return made


class SklearnPipeline:
    """The same recipe, of scikit-learn's parts, over the features of single tickets."""

    def __init__(self, train: list[Ticket], urgent: np.ndarray, kinds: Kinds = KINDS) -> None:
        self.kinds = kinds
        numbers = {str(number): number for number in range(features_with(kinds))}
        self.counts = CountVectorizer(analyzer=self._features, binary=True, vocabulary=numbers)
        self.tfidf = TfidfTransformer(norm=None)
        self.one_hot = OneHotEncoder(handle_unknown="ignore")
        self.tfidf.fit(self.counts.transform(train))
        self.one_hot.fit(self._categories(train))
        self.model = LogisticRegression(C=3.0, solver="liblinear").fit(self._rows(train), urgent)

    def probability(self, some: list[Ticket]) -> np.ndarray:
        return np.asarray(self.model.predict_proba(self._rows(some))[:, 1])

    def scorer(self) -> Scorer:
        size = features_with(self.kinds)
        coef, columns = self.model.coef_[0], self.one_hot.categories_
        seen = np.flatnonzero(coef[:size])
        starts = size + np.cumsum([0, *map(len, columns)])
        weights = {
            name: dict(zip(values, coef[start:], strict=False))
            for name, values, start in zip(CATEGORIES, columns, starts, strict=False)
        }
        manifest = small_manifest(
            1,
            bias=float(self.model.intercept_[0]),
            unseen_idf=float(self.tfidf.idf_.max()),
            weights=weights,
            kinds=self.kinds,
        )
        learned = np.flatnonzero(
            (self.tfidf.idf_ < self.tfidf.idf_.max()) | np.isin(np.arange(size), seen)
        )
        idf = (self.tfidf.idf_ * weight_of_kind(self.kinds)[:size])[learned]
        arrays = Arrays(learned.astype(np.int32), idf, coef[learned])
        return Scorer(Bundle(manifest, arrays, []))

    def _rows(self, some: list[Ticket]) -> sparse.csr_matrix:
        weighted = self.tfidf.transform(self.counts.transform(some))
        by_kind = sparse.diags(weight_of_kind(self.kinds)[: weighted.shape[1]])
        text = normalize(weighted @ by_kind)
        return sparse.hstack([text, self.one_hot.transform(self._categories(some))]).tocsr()

    def _features(self, ticket: Ticket) -> list[str]:
        fields = ((terms(getattr(ticket, field)), mark) for field, mark in FIELD_MARKS)
        return list(map(str, ticket_features(fields, self.kinds)))

    def _categories(self, some: list[Ticket]) -> pd.DataFrame:
        return pd.DataFrame([(t.source, t.customer_tier) for t in some], columns=CATEGORIES)


def test_scorer_equals_scikit_learn_on_thousands_of_tickets_of_every_script() -> None:
    train = tickets(seed=1, count=1_000)
    urgent = np.array([("down" in t.title) ^ (len(t.description) % 5 == 0) for t in train])
    pipeline = SklearnPipeline(train, urgent)
    scorer = pipeline.scorer()
    unseen = tickets(seed=2, count=3_000)
    assert len({round(p, 6) for p in pipeline.probability(unseen)}) > 1_000
    theirs = pipeline.probability(unseen)
    ours = np.array([scorer.probability(ticket) for ticket in unseen])
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    together = scorer.scores(unseen)
    np.testing.assert_allclose([one.probability for one in together], theirs, rtol=0, atol=1e-9)
    assert [one.knows_words for one in together] == [scorer.score(t).knows_words for t in unseen]


def test_reasons_add_up_to_the_log_odds_and_name_words_as_they_stand() -> None:
    train = tickets(seed=3, count=300)
    urgent = np.array(["down" in ticket.title for ticket in train])
    scorer = SklearnPipeline(train, urgent).scorer()
    for ticket in tickets(seed=4, count=500):
        score, explained = scorer.explained(ticket, top=5)
        assert score == scorer.score(ticket), "reasons or not, the answer is the same"
        weights = [reason.weight for reason in explained.reasons]
        total = explained.base + sum(weights) + explained.rest
        assert abs(total - scorer.log_odds(ticket)) < 1e-9
        assert weights == sorted(weights, key=abs, reverse=True)
        for reason in explained.reasons:
            assert getattr(ticket, reason.field)[slice(*reason.span)] == reason.word


@pytest.mark.parametrize("kinds", [KINDS, Kinds(pair=1.0, stem=0.0), Kinds(pair=0.0, stem=0.0)])
def test_the_reasons_of_many_tickets_are_those_of_each(kinds: Kinds) -> None:
    train = tickets(seed=5, count=300)
    urgent = np.array(["down" in ticket.title for ticket in train])
    scorer = SklearnPipeline(train, urgent, kinds).scorer()
    unseen = [*tickets(seed=6, count=3_000), Ticket("", "", "web", ""), Ticket("?", "", "", "")]
    for top in (1, 4):
        for ticket, many in zip(unseen, scorer.reasons(unseen, top), strict=True):
            alone = scorer.explain(ticket, top).reasons
            assert [one[:2] for one in many] == [(one.field, one.word) for one in alone]
            weights = [[one.weight for one in reasons] for reasons in (many, alone)]
            np.testing.assert_allclose(*weights, rtol=0, atol=1e-12)
    assert list(scorer.reasons([], 3)) == []
