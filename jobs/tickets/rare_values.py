"""Sources and tiers that a model may name: a rare value may be what somebody wrote in that cell."""

from collections import Counter

import pandas as pd

NAMED_FROM = 5
"""Tickets with a source or tier below which it is not told apart from none."""

CATEGORIES = ("source", "customer_tier")


def without_rare_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Dataset.frame with "" for each source and tier that is rare or holds an address."""
    changed = {}
    for column in CATEGORIES:
        values = frame[column].astype(object)
        counts = Counter(values)
        named = [value for value, rows in counts.items() if rows >= NAMED_FROM and "@" not in value]
        changed[column] = values.where(values.isin(named), "").astype("category")
    return frame.assign(**changed)
