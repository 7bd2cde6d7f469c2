"""Sources and tiers that a model may name: a rare value may be what somebody wrote in that cell."""

from dataclasses import replace

import numpy as np

from jobs.tickets.columns import Category, TicketColumns

NAMED_FROM = 5
"""Tickets with a source or tier below which it is not told apart from none."""


def without_rare_values(columns: TicketColumns) -> TicketColumns:
    """The same with "" for each source and tier that is rare or holds an address."""
    named = {name: _named(column) for name, column in columns.categories.items()}
    return replace(columns, categories=named)


def _named(column: Category) -> Category:
    counts = column.counts()
    named = [
        value if counts.get(value, 0) >= NAMED_FROM and "@" not in value else ""
        for value in column.values
    ]
    left = sorted({*named})
    return Category(np.array([*map(left.index, named)], np.int64)[column.codes], tuple(left))
