"""What scores say by their order: ranks, and precision and recall at each cut, as scikit-learn's
`precision_recall_curve` and `average_precision_score`.

Training does without scikit-learn, whose import takes 75 MB and as long as reading 30,000 tickets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[Any]
Labels = NDArray[np.bool_]
Curve = NDArray[np.float64]


def ranks(scores: Scores) -> Curve:
    """The rank of each score from 1, shape (n,); equal ones share their mean rank."""
    _, which, rows = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray((rows.cumsum() - (rows - 1) / 2)[which])


def precision_recall_curve(scores: Scores, urgent: Labels) -> tuple[Curve, Curve, Curve]:
    """Precision and recall at each different score as a cut, rising, and those cuts.

    Precision and recall end with 1 and 0, for which there is no cut. At least one row is urgent.
    """
    order = np.argsort(scores, kind="stable")[::-1]
    ranked = scores[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    found = urgent[order].cumsum()[last]
    precision, recall = found / (last + 1), found / found[-1]
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), ranked[last][::-1]


def average_precision(scores: Scores, urgent: Labels) -> float:
    """PR-AUC: the precision at each cut, weighted by the recall that it adds."""
    precision, recall, _ = precision_recall_curve(scores, urgent)
    return float(-np.sum(np.diff(recall) * precision[:-1]))
