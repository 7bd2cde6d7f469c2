"""Whether two corpora hold the same tickets, whatever their files, order and bytes."""

from hashlib import blake2b

import numpy as np

from jobs.tickets.columns import Category, Hashes, TicketColumns
from jobs.tickets.split import text_hash


def tickets_digest(tickets: TicketColumns) -> str:
    """BLAKE2b over the sorted texts' hashes, categories and labels; no text."""
    categories = map(_hashes, tickets.categories.values())
    rows = np.stack([tickets.same_text, *categories, tickets.urgent], axis=1, dtype="<u8")
    return blake2b(rows[np.lexsort(rows.T)].tobytes(), digest_size=32).hexdigest()


def _hashes(column: Category) -> Hashes:
    return np.asarray(np.array([*map(text_hash, column.values)], np.uint64)[column.codes])
