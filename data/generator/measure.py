"""How hard the files are: the figures in README.md.  Needs scikit-learn (`pip install ".[jobs]"`).

    python -m data.generator.measure

The model is the plain one everybody knows: TF-IDF of words and word pairs, one-hot source and tier,
logistic regression.  Train 60 %, test 20 %, told apart by a hash of the masked text; mean and
deviation of ten such splits.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from data.generator.chance import Dice
from data.generator.stats import (
    best_token,
    duplicate_share,
    masked_text,
    parse_rows,
    text_of,
    urgent_share,
)
from data.generator.tickets import Row

HERE = Path(__file__).parents[1]
SALTS = range(10)
Rows = Sequence[Row]


class Score(NamedTuple):
    """Areas under the ROC and the precision-recall curve."""

    roc_auc: float
    pr_auc: float


def split(rows: Rows, salt: int) -> tuple[list[Row], list[Row]]:
    """Train (60 %) and test (20 %); a ticket's side depends on its masked text and the salt alone."""
    sides: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for row in rows:
        digest = hashlib.sha256(f"{salt}:{masked_text(row)}".encode()).digest()
        share = int.from_bytes(digest[:4]) / 2**32
        sides[0 if share < 0.6 else 1 if share < 0.8 else 2].append(row)
    return sides[0], sides[2]


def fit_and_score(train: Rows, test: Rows, *, one_hot: bool = True) -> Score:
    """How well the plain model, fitted on `train`, ranks `test`."""
    text = ("text", TfidfVectorizer(ngram_range=(1, 2), max_features=5000), 0)
    fields = ("fields", OneHotEncoder(handle_unknown="ignore"), [1, 2])
    columns = ColumnTransformer([text, fields] if one_hot else [text])
    model = make_pipeline(columns, LogisticRegression(class_weight="balanced", max_iter=1000))
    model.fit(_table(train), _truth(train))
    scores = model.predict_proba(_table(test))[:, 1]
    return Score(
        float(roc_auc_score(_truth(test), scores)),
        float(average_precision_score(_truth(test), scores)),
    )


def _table(rows: Rows) -> "np.ndarray[tuple[int, int], np.dtype[np.object_]]":
    return np.array([(text_of(row), row.source, row.customer_tier) for row in rows], dtype=object)


def _truth(rows: Rows) -> list[bool]:
    return [row.label_urgency == "urgent" for row in rows]


def shuffle_labels(rows: Rows, seed: int) -> list[Row]:
    """The same rows, each with the label of another."""
    labels = [row.label_urgency for row in rows]
    mixed = Dice(seed).sample(labels, len(labels))
    return [row._replace(label_urgency=label) for row, label in zip(rows, mixed, strict=True)]


def experiments(first: Rows, second: Rows) -> dict[str, Callable[[int], Score]]:
    """What is measured, each a function of the split's salt."""
    both = [*first, *second]

    def on_first(salt: int, *, one_hot: bool = True) -> Score:
        return fit_and_score(*split(first, salt), one_hot=one_hot)

    def in_order(_: int) -> Score:
        return fit_and_score(first[: len(first) * 6 // 10], first[len(first) * 6 // 10 :])

    def on_noise(salt: int) -> Score:
        train, test = split(first, salt)
        return fit_and_score(shuffle_labels(train, salt + 1), test)

    return {
        "tickets": on_first,
        "tickets, without source and tier": lambda salt: on_first(salt, one_hot=False),
        "tickets, labels shuffled": on_noise,
        "tickets, first 60 % by time, tested on the rest": in_order,
        "both test sets, trained on tickets": lambda salt: fit_and_score(
            split(first, salt)[0], split(both, salt)[1]
        ),
        "both test sets, trained on both": lambda salt: fit_and_score(*split(both, salt)),
    }


def main() -> int:
    """Print the figures."""
    files = {
        name: parse_rows((HERE / name).read_bytes())
        for name in ("tickets.csv", "tickets_week2.csv")
    }
    for name, rows in files.items():
        word, auc = best_token(rows)
        facts = (
            f"urgent {urgent_share(rows):.3f}  repeats {duplicate_share(rows):.3f}  best word"
            f" {word!r} {auc:.3f}"
        )
        sys.stdout.write(f"{name}: {len(rows)} rows  {facts}\n")
    for name, run in experiments(*files.values()).items():
        roc, pr = zip(*(run(salt) for salt in SALTS), strict=True)
        curves = (
            f"ROC-AUC {fmean(roc):.3f} ± {stdev(roc):.3f}  PR-AUC {fmean(pr):.3f} ± {stdev(pr):.3f}"
        )
        sys.stdout.write(f"{curves}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
