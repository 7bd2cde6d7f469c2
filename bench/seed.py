"""The seed's script, what one starts with: pandas, TF-IDF, one-hot, logistic regression, a grid.

    python -m bench.seed ROWS.csv

It reads the rows with pandas; fits words and pairs (TfidfVectorizer, the 5,000 most frequent),
source and tier (OneHotEncoder) and a balanced LogisticRegression on the train side, C by
GridSearchCV over three values in three folds; then it computes its metrics on train, validation and
test, urgent from .5. ROWS.csv has a column `side` besides those of a ticket: bench.accepted_rows
writes it. The metrics of the test side go to stdout as JSON.
"""

from __future__ import annotations

import json
import sys

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from jobs.model.metrics import metrics_of
from jobs.tickets.split import SIDES

C_GRID = (0.1, 1.0, 10.0)
FOLDS = 3
CUT = 0.5


def main(path: str) -> int:
    """Read, fit, evaluate."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows["urgent"] = rows["label_urgency"] == "urgent"
    sys.stdout.write(json.dumps(fit_and_evaluate(rows)["test"]) + "\n")
    return 0


def fit_and_evaluate(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The metrics of each side, by a model of the train side.

    rows: title, description, source, customer_tier, urgent (bool), side.
    """
    rows = rows.assign(text=rows["title"] + " " + rows["description"])
    train = rows[rows["side"] == "train"]
    grid = GridSearchCV(pipeline(), {"model__C": C_GRID}, cv=FOLDS, scoring="f1")
    model = grid.fit(train, train["urgent"])
    metrics = {}
    for side in SIDES:
        part = rows[rows["side"] == side]
        probability = model.predict_proba(part)[:, 1]
        metrics[side] = metrics_of(probability, part["urgent"].to_numpy(bool), CUT)
    return metrics


def pipeline() -> Pipeline:
    """The model of the script, C not yet chosen."""
    text = TfidfVectorizer(ngram_range=(1, 2), max_features=5000)
    categories = OneHotEncoder(handle_unknown="ignore")
    features = [("text", text, "text"), ("categories", categories, ["source", "customer_tier"])]
    model = LogisticRegression(max_iter=1000, class_weight="balanced")
    return Pipeline([("features", ColumnTransformer(features)), ("model", model)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
