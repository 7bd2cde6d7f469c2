"""Sources and tiers that a model may name: a rare value may be what somebody wrote in that cell."""

import numpy as np
import pandas as pd

from jobs.tickets.columns import category

NAMED_FROM = 5
"""Tickets with a source or tier below which it is not told apart from none."""

CATEGORIES = ("source", "customer_tier")


def without_rare_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Dataset.frame with "" for each source and tier that is rare or holds an address."""
    changed = {}
    for column in CATEGORIES:
        values = frame[column].cat
        counts = np.bincount(values.codes, minlength=len(values.categories))
        named = [
            value if rows >= NAMED_FROM and "@" not in value else ""
            for value, rows in zip(values.categories, counts.tolist(), strict=True)
        ]
        left = sorted({named[code] for code in np.flatnonzero(counts).tolist()})
        code = np.array([left.index(value) if value in left else 0 for value in named], np.int64)
        changed[column] = category(code[values.codes], left)
    return frame.assign(**changed)
