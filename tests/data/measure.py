"""How hard the files are: the figures in README.md. Needs scikit-learn.

    python -m tests.data.measure

The model is a plain one: TF-IDF of words and word pairs, one-hot source and tier, logistic
regression. Train 60 %, test 20 %, split by a hash of the masked text; ten such splits.
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
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from data.generator.chance import Chance
from data.generator.tickets import Row
from tests.data import stats
from tests.data.stats import masked_text, text_of

HERE = Path(__file__).parents[2] / "data"
FILES = ("tickets.csv", "tickets_week2.csv")
SALTS = range(10)
Rows = Sequence[Row]


class Score(NamedTuple):
    """Areas under the ROC and the precision-recall curve."""

    roc_auc: float
    pr_auc: float


def split(rows: Rows, salt: int) -> tuple[list[Row], list[Row]]:
    """Train (60 %) and test (20 %); the masked text and the salt decide a ticket's side."""
    sides: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for row in rows:
        digest = hashlib.sha256(f"{salt}:{masked_text(row)}".encode()).digest()
        share = int.from_bytes(digest[:4]) / 2**32
        sides[0 if share < 0.6 else 1 if share < 0.8 else 2].append(row)
    return sides[0], sides[2]


def fit_and_score(train: Rows, test: Rows, *, one_hot: bool = True) -> Score:
    """How well the plain model, fitted on `train`, ranks `test`."""
    model = plain_model(one_hot=one_hot).fit(table_of(train), _truth(train))
    truth, scores = _truth(test), model.predict_proba(table_of(test))[:, 1]
    roc_auc, pr_auc = roc_auc_score(truth, scores), average_precision_score(truth, scores)
    return Score(float(roc_auc), float(pr_auc))


def plain_model(*, one_hot: bool = True) -> Pipeline:
    """The model, not fitted; it takes what `table_of` makes."""
    text = ("text", TfidfVectorizer(ngram_range=(1, 2), max_features=5000), 0)
    fields = ("fields", OneHotEncoder(handle_unknown="ignore"), [1, 2])
    columns = ColumnTransformer([text, fields] if one_hot else [text])
    return make_pipeline(columns, LogisticRegression(class_weight="balanced", max_iter=1000))


def table_of(rows: Rows) -> "np.ndarray[tuple[int, int], np.dtype[np.object_]]":
    """Text, source and tier; shape (rows, 3)."""
    return np.array([(text_of(row), row.source, row.customer_tier) for row in rows], dtype=object)


def _truth(rows: Rows) -> list[bool]:
    return [row.label_urgency == "urgent" for row in rows]


def shuffle_labels(rows: Rows, seed: int) -> list[Row]:
    """The same rows, each with the label of another."""
    labels = [row.label_urgency for row in rows]
    mixed = Chance(seed).sample(labels, len(labels))
    return [row._replace(label_urgency=label) for row, label in zip(rows, mixed, strict=True)]


def experiments(first: Rows, second: Rows) -> dict[str, Callable[[int], Score]]:
    """What is measured, each a function of the split's salt."""
    both = [*first, *second]

    def on_first(salt: int, *, one_hot: bool = True) -> Score:
        return fit_and_score(*split(first, salt), one_hot=one_hot)

    def in_order(_: int) -> Score:
        cut = len(first) * 6 // 10
        return fit_and_score(first[:cut], first[cut:])

    def on_noise(salt: int) -> Score:
        train, test = split(first, salt)
        return fit_and_score(shuffle_labels(train, salt + 1), test)

    def second_new(salt: int) -> Score:
        return fit_and_score(split(first, salt)[0], split(both, salt)[1])

    return {
        "tickets": on_first,
        "tickets, without source and tier": lambda salt: on_first(salt, one_hot=False),
        "tickets, labels shuffled": on_noise,
        "tickets, first 60 % by time, tested on the rest": in_order,
        "both test sets, trained on tickets": second_new,
        "both test sets, trained on both": lambda salt: fit_and_score(*split(both, salt)),
    }


def main() -> int:
    """Print the figures."""
    files = [stats.parse_rows((HERE / name).read_bytes()) for name in FILES]
    for name, rows in zip(FILES, files, strict=True):
        urgent, repeats = stats.urgent_share(rows), stats.duplicate_share(rows)
        word, auc = stats.best_token(rows)
        facts = f"urgent {urgent:.3f}  repeats {repeats:.3f}  best word {word!r} {auc:.3f}"
        sys.stdout.write(f"{name}: {len(rows)} rows  {facts}\n")
    for name, run in experiments(*files).items():
        roc, pr = zip(*(run(salt) for salt in SALTS), strict=True)
        sys.stdout.write(f"ROC-AUC {_spread(roc)}  PR-AUC {_spread(pr)}  {name}\n")
    return 0


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"


if __name__ == "__main__":
    sys.exit(main())
