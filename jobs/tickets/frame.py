"""The tickets as a table, for people who look at them, and for what compares us with others.

Training does without: pandas takes 40 to 70 MB to import (docs/decisions/0016).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.tickets.columns import Category
from jobs.tickets.dataset import Dataset


def frame_of(data: Dataset) -> pd.DataFrame:
    """A row a ticket, in order of file and line.

    ticket_id (uint64, its hash, 0 for none), created_at (UTC or NaT), title, description (str; both
    "" outside the sample of texts), source, customer_tier (category), urgent (bool), file
    (category), line (int64), split_key, same_text (uint64), side (category).
    """
    columns = data.columns
    texts = [data.texts.get(row, ("", "")) for row in range(len(columns))]
    title, description = zip(*texts, strict=True) if texts else ((), ())
    return pd.DataFrame(
        {
            "ticket_id": columns.ticket_id,
            "created_at": pd.Series(columns.created_at).dt.tz_localize("UTC"),
            "title": pd.Series(title, dtype="str"),
            "description": pd.Series(description, dtype="str"),
            **{name: _categorical(column) for name, column in columns.categories.items()},
            "urgent": columns.urgent,
            "file": _categorical(columns.file),
            "line": columns.line,
            "split_key": columns.split_key,
            "same_text": columns.same_text,
            "side": _categorical(columns.side),
        }
    )


def _categorical(column: Category) -> pd.Categorical:
    kind = pd.CategoricalDtype(list(column.values))
    return pd.Categorical.from_codes(np.asarray(column.codes), dtype=kind)
