"""Reference: what a version's training tickets look like, in the counts that the service keeps.

Made by `jobs.model.reference`, compared with by `jobs.drift`.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from urgency.bundle import canonical_json
from urgency.errors import CorruptObject
from urgency.observed import Counts

TOGETHER = 8
"""Tickets whose words are counted together: groups say how much words vary from ticket to ticket,
and nothing of one ticket.
"""


@dataclass(frozen=True, eq=False)
class Reference:
    """`counts` of all tickets; `words` (groups, buckets): of TOGETHER tickets each, by chance."""

    counts: Counts
    words: NDArray[np.uint16]

    def to_bytes(self) -> bytes:
        """As an npz, not compressed: equal references give equal bytes."""
        body, told = io.BytesIO(), canonical_json(self.counts.members())
        np.savez(body, counts=np.frombuffer(told, np.uint8), words=self.words)
        return body.getvalue()


def read_reference(body: bytes) -> Reference:
    """The reference in `body`. Raises CorruptObject."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            counts = Counts.from_members(json.loads(stored["counts"].tobytes()))
            return Reference(counts, stored["words"])
    except Exception as error:  # noqa: BLE001  zip, npy and numpy each raise their own
        raise CorruptObject(f"A reference does not parse: {error!r}.") from None
