"""Tickets as columns: an array each, which is read, fitted and judged as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]

NO_ID = 0


@dataclass(frozen=True)
class Category:
    """A text of each row out of few: the one at `codes` (n,) in `values`, which are different."""

    codes: NDArray[Any]
    values: tuple[str, ...]

    def __getitem__(self, rows: Flags | Numbers) -> Category:
        return replace(self, codes=self.codes[rows])

    def holds(self, value: str) -> Flags:
        """Which rows hold this value, (n,)."""
        if value not in self.values:
            return np.zeros(len(self.codes), bool)
        return np.asarray(self.codes == self.values.index(value))

    def counts(self) -> dict[str, int]:
        """The rows of each value that occurs, in the order of `values`."""
        rows = np.bincount(self.codes, minlength=len(self.values)).tolist()
        return {value: count for value, count in zip(self.values, rows, strict=True) if count}


@dataclass(frozen=True)
class TicketColumns:
    """Rows of n tickets in order of file and line; arrays have shape (n,).

    `ticket_id`, `split_key` and `same_text` are hashes: of the id, NO_ID for none, and of what
    `urgency.ticket.split_key` and `same_text` say. `created_at` and `updated_at` are seconds in
    UTC, datetime64[s], NaT for none. `categories`: source and customer_tier, "" for none. `side`:
    train, validation or test.
    """

    ticket_id: Hashes
    created_at: NDArray[np.datetime64]
    updated_at: NDArray[np.datetime64]
    categories: dict[str, Category]
    urgent: Flags
    file: Category
    line: Numbers
    split_key: Hashes
    side: Category
    same_text: Hashes

    def take(self, rows: Flags | Numbers) -> TicketColumns:
        """Some of the rows, a copy."""
        taken = {name: column[rows] for name, column in vars(self).items() if name != "categories"}
        categories = {name: column[rows] for name, column in self.categories.items()}
        return TicketColumns(**taken, categories=categories)

    def __len__(self) -> int:
        return len(self.urgent)
