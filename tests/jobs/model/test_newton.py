"""Newton's minimum is liblinear's, and a fit may begin anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from jobs.model.newton import fit_logistic
from jobs.model.vectors import design_of
from tests.support.job.frames import corpus, frame, matrix
from urgency.features import Kinds


@pytest.mark.parametrize("c", [0.5, 8.0, 128.0])
def test_the_minimum_is_that_of_scikit_learn(c: float) -> None:
    rows = corpus(frame(400).assign(source="", customer_tier=""))
    design = design_of(rows, Kinds(), np.arange(len(rows)) // 200)
    ours = fit_logistic(design.rows, rows.urgent, c, tolerance=1e-5)
    theirs = LogisticRegression(C=c, solver="lbfgs", tol=1e-9, max_iter=5_000)
    theirs.fit(matrix(design.rows), rows.urgent)
    np.testing.assert_allclose(
        design.rows.times(ours), theirs.decision_function(matrix(design.rows)), atol=0.02
    )


def test_another_beginning_ends_at_the_same_minimum() -> None:
    rows = corpus(frame(400))
    design = design_of(rows, Kinds(), np.arange(len(rows)) // 200)
    cold = fit_logistic(design.rows, rows.urgent, 8.0, tolerance=1e-5)
    far = np.random.default_rng(0).normal(size=len(cold)).astype(np.float32)
    warm = fit_logistic(design.rows, rows.urgent, 8.0, far, 1e-5)
    np.testing.assert_allclose(design.rows.times(warm), design.rows.times(cold), atol=0.02)
