"""Honest scores: of each ticket of a version, what fits that had not seen it said. Stored beside
the version, so that its successor is judged on all its tickets and not only on the test side.

A ticket is named by the hash of its text; no text is kept.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from urgency.errors import CorruptObject

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HonestScores:
    """Of each ticket: `key`, rising; `urgent`, as it was labelled; `probability`; (tickets,)."""

    key: Keys
    urgent: Flags
    probability: NDArray[np.float32]

    @staticmethod
    def of(key: Keys, urgent: Flags, probability: Floats) -> HonestScores:
        """In order of their keys."""
        order = np.argsort(key, kind="stable")
        return HonestScores(key[order], urgent[order], probability[order].astype(np.float32))

    def find(self, key: Keys, urgent: Flags) -> tuple[Floats, Flags]:
        """For tickets of today: the probability, NaN of a text that the version had not; and
        whether it had the text with this label.
        """
        if not len(self.key):
            return np.full(len(key), np.nan), np.zeros(len(key), bool)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        known = self.key[place] == key
        return np.where(known, self.probability[place], np.nan), known & (
            self.urgent[place] == urgent
        )

    def to_bytes(self) -> bytes:
        """As an npz, not compressed: equal scores give equal bytes."""
        body = io.BytesIO()
        np.savez(body, key=self.key, urgent=self.urgent, probability=self.probability)
        return body.getvalue()


def read_honest(body: bytes) -> HonestScores:
    """The scores in `body`. Raises CorruptObject."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            return HonestScores(stored["key"], stored["urgent"], stored["probability"])
    except Exception as error:  # noqa: BLE001  zip, npy and numpy each raise their own
        raise CorruptObject(f"Stored scores do not parse: {error!r}.") from None
