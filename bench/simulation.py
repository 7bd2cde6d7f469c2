"""Simulated scores: two models that see the same signal, one of them worse by a known amount."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from jobs.model.evidence import Champion, Evidence, Scores
from jobs.model.gate import PROMOTE, judge
from jobs.model.metrics import Flags, Floats

WORSE = 0.02
NOISE = 0.3
"""Each model's own noise, in units of the signal's spread."""

POPULATION = 300_000


def released_though_worse(base_rate: float, auc: float, rows: int, trials: int) -> int:
    """How many of so many candidates are promoted whose true PR-AUC is WORSE lower.

    Signals are normal with such a distance between the labels that the champion has this ROC-AUC.
    Half of the rows are new.
    """
    rng = np.random.default_rng(0)
    distance = float(norm.ppf(auc) * np.sqrt(2 * (1 + NOISE**2)))
    noise = _noise_of_the_worse(base_rate, distance, rng)
    found = 0
    for _ in range(trials):
        urgent, signal = _tickets(rows, base_rate, distance, rng)
        ours, theirs = (
            Scores(_probability(signal, of, base_rate, distance, rng), base_rate)
            for of in (noise, NOISE)
        )
        new = np.arange(rows) >= rows // 2
        champion = Champion(1, rows // 2, theirs, ~new)
        made = Evidence(urgent, new.astype(np.int64), ("old", "new"), ours, 1, champion=champion)
        found += judge(made).decision == PROMOTE
    return found


def _tickets(
    rows: int, base_rate: float, distance: float, rng: np.random.Generator
) -> tuple[Flags, Floats]:
    urgent = rng.random(rows) < base_rate
    return urgent, rng.normal(size=rows) + distance * urgent


def _probability(
    signal: Floats, noise: float, base_rate: float, distance: float, rng: np.random.Generator
) -> Floats:
    """True P(urgent) given the signal under this noise (Bayes)."""
    seen = signal + noise * rng.normal(size=len(signal))
    log_odds = (distance * seen - distance**2 / 2) / (1 + noise**2)
    odds = np.exp(log_odds) * base_rate / (1 - base_rate)
    return np.asarray(odds / (1 + odds))


def _noise_of_the_worse(base_rate: float, distance: float, rng: np.random.Generator) -> float:
    urgent, signal = _tickets(POPULATION, base_rate, distance, rng)
    own = rng.normal(size=POPULATION)

    def pr_auc(noise: float) -> float:
        return float(average_precision_score(urgent, signal + noise * own))

    wanted = pr_auc(NOISE) - WORSE
    return float(brentq(lambda noise: pr_auc(noise) - wanted, NOISE, 10, xtol=1e-3))
