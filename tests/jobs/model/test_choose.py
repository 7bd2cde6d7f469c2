"""The data decides what pairs and stems count, and stems have to win clearly."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.model.choose import choose
from tests.support.job.frames import corpus, frame


def test_where_only_the_order_of_words_tells_pairs_are_used() -> None:
    rng = np.random.default_rng(0)
    urgent = rng.random(500) < 0.5
    told = np.where(urgent, "mail before noon", "noon before mail")
    assert choose(corpus(labelled(told, urgent, rng))).kinds.pair > 0


def test_where_pairs_are_noise_they_count_less() -> None:
    rng = np.random.default_rng(0)
    rows = frame(600, seed=3)
    shuffled = [" ".join(rng.permutation(text.split())) for text in rows["description"]]
    assert choose(corpus(rows.assign(description=shuffled))).kinds.pair < 1


def test_stems_are_used_where_endings_hide_the_words_and_not_elsewhere() -> None:
    rng = np.random.default_rng(0)
    urgent = rng.random(800) < 0.4
    endings = ["".join(rng.choice(list("aeiourstnm"), 3)) for _ in range(800)]
    stems = np.where(urgent, *(rng.choice(words, 800) for words in (URGENT, CALM)))
    told = [stem + ending for stem, ending in zip(stems, endings, strict=True)]
    assert choose(corpus(labelled(told, urgent, rng))).kinds.stem > 0
    assert choose(corpus(frame(600))).kinds.stem == 0


URGENT = ["outag", "crash", "unrea", "corru", "breac", "deadl"]
CALM = ["toner", "newsl", "quest", "thank", "chair", "colou"]


def labelled(told: object, urgent: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    rows = frame(len(urgent), signal=0.5)
    title = ["x" + "".join(rng.choice(list("abcdefgh"), 6)) for _ in urgent]
    return rows.assign(title=title, description=list(told), urgent=urgent)
