"""Pollutions: ways in which the labels of a file go wrong."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from jobs.model.metrics import Flags

Pollution = Callable[[Flags, np.random.Generator], Flags]


def flipped(share: float) -> Pollution:
    """Labels turned round in a share of the tickets."""
    return lambda urgent, rng: urgent ^ (rng.random(len(urgent)) < share)


CLEAN = "clean"
SEVERE: dict[str, Pollution] = {
    "all urgent": lambda urgent, rng: np.ones_like(urgent),
    "all non-urgent": lambda urgent, rng: np.zeros_like(urgent),
    "shuffled": lambda urgent, rng: rng.permutation(urgent),
    "20 % flipped": flipped(0.2),
    "30 % flipped": flipped(0.3),
}
MILD: dict[str, Pollution] = {
    "10 % flipped": flipped(0.1),
    "a fifth of the urgent lost": lambda urgent, rng: urgent & (rng.random(len(urgent)) > 0.2),
}
POLLUTIONS: dict[str, Pollution] = {CLEAN: lambda urgent, rng: urgent, **SEVERE, **MILD}


def polluted(rows: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    """The tickets with labels as the pollution leaves them."""
    rng = np.random.default_rng(seed)
    return rows.assign(urgent=POLLUTIONS[name](rows["urgent"].to_numpy(bool), rng))
