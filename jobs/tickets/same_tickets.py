"""Whether two corpora hold the same tickets, whatever their files, order and bytes."""

from hashlib import blake2b

import numpy as np
import pandas as pd

from jobs.tickets.rare_values import CATEGORIES
from jobs.tickets.split import text_hash


def tickets_digest(frame: pd.DataFrame) -> str:
    """BLAKE2b over the sorted texts' hashes, categories and labels of Dataset.frame; no text."""
    columns = [frame["same_text"].to_numpy(np.uint64)]
    for name in CATEGORIES:
        column = frame[name].astype("category").cat
        hashes = np.array([*map(text_hash, map(str, column.categories)), 0], np.uint64)
        columns.append(hashes[column.codes])
    columns.append(frame["urgent"].to_numpy().astype(np.uint64))
    tickets = np.stack(columns, axis=1).astype("<u8")
    return blake2b(tickets[np.lexsort(tickets.T)].tobytes(), digest_size=32).hexdigest()
