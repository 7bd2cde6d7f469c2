"""Simulated tickets for the gate: two models that see the same signal, each with its own noise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from jobs.model.evidence import Champion, Evidence, Scores

RATE, STRENGTH, CUT = 0.3, 2.0, 0.4


@dataclass
class World:
    """Tickets of one old file and of new ones; labels are changed before the evidence is made."""

    old: int = 1_500
    new: dict[str, int] = field(default_factory=lambda: {"new.csv": 500})
    seed: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.file = np.repeat(np.arange(1 + len(self.new)), [self.old, *self.new.values()])
        self.urgent = self.rng.random(len(self.file)) < RATE
        self.signal = self.rng.normal(size=len(self.file)) + STRENGTH * self.urgent
        self.is_new = self.file > 0

    def model(self, noise: float | np.ndarray = 0.3) -> Scores:
        """Probabilities, nearly calibrated; more `noise` ranks worse. A number or one a ticket."""
        seen = self.signal + noise * self.rng.normal(size=len(self.file))
        log_odds = STRENGTH * seen - STRENGTH**2 / 2 + np.log(RATE / (1 - RATE))
        return Scores(np.asarray(1 / (1 + np.exp(-log_odds))), CUT)

    def evidence(self, ours: Scores | None = None, theirs: Scores | None = None) -> Evidence:
        """With a champion that knows the old file; the candidate is a little better."""
        champion = Champion(3, self.old, theirs or self.model(), ~self.is_new)
        return replace(self.first(ours or self.model(0.1)), champion=champion)

    def first(self, ours: Scores | None = None) -> Evidence:
        """Without a champion."""
        files = ("old.csv", *self.new)
        return Evidence(self.urgent, self.file, files, ours or self.model(), min_rows=200)


def noise(urgent: np.ndarray, seed: int) -> Scores:
    """A model that knows nothing but the share of urgent tickets."""
    log_odds = np.random.default_rng(seed).normal(size=len(urgent)) * 0.1
    share = urgent.mean()
    return Scores(np.asarray(1 / (1 + np.exp(-log_odds) * (1 - share) / share)), share)
