"""Cells that may reach over columns and rows -> rows, as in HTML and in Excel's XML."""

from __future__ import annotations

from jobs.tickets.limits import FileRefused

_CELLS_MOST, _COPIED_MOST = 5_000_000, 64 * 2**20
_TOO_MANY = "the tables of the page have over {:,} {}; split it."


class Budget:
    """What all tables of a page may take: cells, and characters of those that reach down."""

    def __init__(self, cells: int = _CELLS_MOST, copied: int = _COPIED_MOST) -> None:
        self._cells, self._copied = cells, copied
        self._cells_left, self._copied_left = cells, copied

    def take(self, cells: int, copied: int = 0) -> None:
        """Raise FileRefused where no more is left."""
        self._cells_left -= cells
        self._copied_left -= copied
        if self._cells_left < 0:
            raise FileRefused(1, _TOO_MANY.format(self._cells, "cells"))
        if self._copied_left < 0:
            raise FileRefused(1, _TOO_MANY.format(self._copied, "characters in cells of many rows"))


class Grid:
    """A table that is being read: `rows` so far."""

    def __init__(self, budget: Budget) -> None:
        self.rows: list[list[str]] = []
        self._budget, self._is_row = budget, False
        self._now: dict[int, str] = {}  # by column what reaches into this row from above
        self._held: dict[int, tuple[str, int]] = {}  # what reaches into the next ones, how many

    def begin_row(self) -> None:
        """A row begins; one that was not ended ends."""
        self.end_row()
        self._is_row = True
        self.rows.append([])
        self._now = {at: value for at, (value, _) in self._held.items()}
        self._budget.take(len(self._now), sum(map(len, self._now.values())))
        self._held = {at: (one, left - 1) for at, (one, left) in self._held.items() if left > 1}

    def end_row(self) -> None:
        """The row ends, with what reaches into it behind its last cell."""
        if self._now:
            self._pad(max(self._now) + 1)
        self._is_row = False

    def end_group(self) -> None:
        """Head, body or foot of the table ends: nothing reaches out of it."""
        self.end_row()
        self._held = {}

    def add(self, value: str, *, width: int = 1, height: int = 1, at: int = 0) -> None:
        """The next cell, `width` columns wide, `height` rows high, not before the column `at`."""
        if not self._is_row:
            self.begin_row()
        row = self.rows[-1]
        self._pad(at)
        while len(row) in self._now:
            row.append(self._now.pop(len(row)))
        self._budget.take(width)
        cells = [value, *[""] * (width - 1)]
        if height > 1:
            self._held |= {len(row) + n: (cell, height - 1) for n, cell in enumerate(cells)}
        row += cells

    def _pad(self, width: int) -> None:
        row = self.rows[-1]
        self._budget.take(max(width - len(row), 0))
        while len(row) < width:
            row.append(self._now.pop(len(row), ""))
