"""Since when: the day from which a family's counts are best told by a distribution of their own.

The most likely place of one change (Hinkley 1970) when before it tickets are the reference's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from jobs.drift.bins import bins_of
from jobs.drift.lines import summed
from urgency.observed import Counts

SMOOTHING = 0.5


def moved_since(days: Mapping[date, Counts], family: str, reference: Counts) -> date | None:
    """The first day that is not like the reference; None without a day."""
    if not days:
        return None
    total = summed(days.values())
    names = {name: at for at, name in enumerate(bins_of(family, total, reference)[0].names)}
    table = np.zeros((len(days), len(names)))
    for row, counts in enumerate(days.values()):
        ours = bins_of(family, counts, reference)[0]
        table[row, [names[name] for name in ours.names]] = ours.counts
    known = bins_of(family, total, reference)[1].counts + SMOOTHING
    from_day = table[::-1].cumsum(axis=0)[::-1]
    own = from_day + SMOOTHING
    log_own = np.log(own / own.sum(axis=1, keepdims=True))
    gain = (from_day * (log_own - np.log(known / known.sum()))).sum(axis=1)
    return [*days][int(gain.argmax())]
