"""Accepted rows while they are read, a few numbers each, then their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.tickets.columns import NO_ID, Category, TicketColumns
from jobs.tickets.growing import Growing
from jobs.tickets.ids import own_ids
from jobs.tickets.rows import Rows
from jobs.tickets.split import SIDES, side_numbers, text_hash
from jobs.tickets.texts import Texts
from urgency.ticket import masked, one_spaced

NO_DATE = np.iinfo(np.int64).min
"""What numpy reads as NaT."""

_LATEST_S = 2**33
_CODED = ("_source", "_customer_tier")


class Collector:
    """Rows as they grow. Of each: `label`, a number that the caller gives; `texts`, see Texts;
    `ids`, of the file that is being read only, as they stand there.
    """

    def __init__(self, texts: Texts) -> None:
        self.label, self.line = Growing("i"), Growing("q")
        self.texts = texts
        self.ids: list[str] = []
        self._ticket_id = Growing("Q")
        self._created_s, self._updated_s = Growing("q"), Growing("q")
        self._source, self._customer_tier = Growing("i"), Growing("i")
        self._file, self._split_key, self._same_text = Growing("i"), Growing("Q"), Growing("Q")
        self._values: dict[str, int] = {}

    def add(
        self, rows: Rows, file: int, label: list[int], created_s: list[int], updated_s: list[int]
    ) -> None:
        """Take rows of the file with this number."""
        pairs = zip(rows.title, rows.description, strict=True)
        texts = [one_spaced(f"{title}\n{description}") for title, description in pairs]
        split_key = np.fromiter(map(text_hash, map(masked, texts)), np.uint64, len(texts))
        number = np.arange(len(self), len(self) + len(texts))
        self.texts.add(number, rows.title, rows.description, split_key)
        self.ids += rows.ticket_id
        self.label.add(np.array(label))
        self.line.add(np.array(rows.line))
        self._created_s.add(np.array(created_s))
        self._updated_s.add(np.array(updated_s))
        self._source.add(self._codes(rows.source))
        self._customer_tier.add(self._codes(rows.customer_tier))
        self._file.add(np.full(len(texts), file))
        self._split_key.add(split_key)
        self._same_text.add(np.fromiter(map(text_hash, texts), np.uint64, len(texts)))

    def end_file(self, begin: int, kept: NDArray[np.bool_], *, one_row_each: bool = True) -> None:
        """Of the rows from `begin` on, those of the file that was read, forget what is not `kept`.

        Ids are looked at file by file: in one where they do not identify there are none. Not
        one_row_each: many rows may well speak of one ticket.
        """
        ids = own_ids(self.ids) if kept.any() and one_row_each else self.ids
        self._ticket_id.add(np.array([text_hash(one) if one else NO_ID for one in ids], np.uint64))
        self.ids = []
        if kept.all():
            return
        self.texts.keep(begin, kept)
        of_all = np.append(np.ones(begin, bool), kept)
        for _, column in self._growing():
            column.keep(of_all)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is known of each row but its file and its words; of one file, for `add_file`."""
        columns = {name: column.values for name, column in self._growing() if name != "_file"}
        return {name.lstrip("_"): values for name, values in columns.items()}

    @property
    def values(self) -> list[str]:
        """Sources and tiers by the numbers that stand for them in `arrays`."""
        return [*self._values]

    def add_file(self, file: int, arrays: Mapping[str, NDArray[Any]], values: list[str]) -> None:
        """Take the rows of a file that was read elsewhere; `arrays`, `values`: see there."""
        own = self._codes(values)
        for name, column in self._growing():
            if name == "_file":
                column.add(np.full(len(arrays["line"]), file))
            elif name in _CODED:
                column.add(own[arrays[name.lstrip("_")]])
            else:
                column.add(arrays[name.lstrip("_")])

    def columns(self, files: Sequence[str]) -> TicketColumns:
        """All rows; `files`: names by number. They share memory with those here, to which nothing
        can be added any more.
        """
        split_keys = self._split_key.values
        source, customer_tier = map(self._category, (self._source, self._customer_tier))
        return TicketColumns(
            ticket_id=self._ticket_id.values,
            created_at=self._created_s.values.view("datetime64[s]"),
            updated_at=self._updated_s.values.view("datetime64[s]"),
            categories={"source": source, "customer_tier": customer_tier},
            urgent=self.label.values == 1,
            file=Category(self._file.values, tuple(files)),
            line=self.line.values,
            split_key=split_keys,
            side=Category(side_numbers(split_keys), SIDES),
            same_text=self._same_text.values,
        )

    def _growing(self) -> Iterator[tuple[str, Growing]]:
        return ((name, one) for name, one in vars(self).items() if isinstance(one, Growing))

    def _codes(self, values: Sequence[str]) -> NDArray[Any]:
        numbers = self._values
        return np.array([numbers.setdefault(value, len(numbers)) for value in values])

    def _category(self, codes: Growing) -> Category:
        """Only values that occur, in their order."""
        own, values = codes.values, [*self._values]
        found = np.flatnonzero(np.bincount(own, minlength=len(values)))
        rising = sorted(found.tolist(), key=values.__getitem__)
        place = np.zeros(len(values), np.int32)
        place[rising] = np.arange(len(rising))
        return Category(place[own], tuple(values[number] for number in rising))

    def __len__(self) -> int:
        return len(self.line)


def seconds(text: str) -> int:
    """Seconds since 1970 of an ISO 8601 date or time, in UTC unless it says otherwise.

    NO_DATE where it is none, or lies before 1970 or after 2242: exports write such years for
    "unknown".
    """
    if not text:
        return NO_DATE
    try:
        moment = datetime.fromisoformat(text)
        moment_s = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return NO_DATE
    return moment_s if 0 <= moment_s < _LATEST_S else NO_DATE
