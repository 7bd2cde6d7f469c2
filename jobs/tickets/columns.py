"""Accepted rows while they are read, a list a column, then their DataFrame."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from jobs.tickets.rows import Rows
from jobs.tickets.split import SIDES, side_numbers, text_hash
from jobs.tickets.texts import Texts
from urgency.ticket import masked, one_spaced

NO_DATE = np.iinfo(np.int64).min
"""What numpy reads as NaT."""

_LATEST_S = 2**33


@dataclass(slots=True)
class TicketColumns:
    """Rows as they grow; `created_s` in seconds since 1970 or NO_DATE, `file` its number."""

    ticket_id: list[str] = field(default_factory=list)
    created_s: array[int] = field(default_factory=lambda: array("q"))
    updated_s: array[int] = field(default_factory=lambda: array("q"))
    source: list[str] = field(default_factory=list)
    customer_tier: list[str] = field(default_factory=list)
    label: array[int] = field(default_factory=lambda: array("i"))
    file: array[int] = field(default_factory=lambda: array("q"))
    line: array[int] = field(default_factory=lambda: array("q"))
    split_key: array[int] = field(default_factory=lambda: array("Q"))
    same_text: array[int] = field(default_factory=lambda: array("Q"))
    texts: Texts = field(default_factory=Texts)

    def add(
        self, rows: Rows, file: int, label: list[int], created_s: list[int], updated_s: list[int]
    ) -> None:
        """Take rows of the file with this number; `label`: numbers that the caller gives."""
        pairs = zip(rows.title, rows.description, strict=True)
        texts = [one_spaced(f"{title}\n{description}") for title, description in pairs]
        self.ticket_id += rows.ticket_id
        self.created_s.extend(created_s)
        self.updated_s.extend(updated_s)
        self.source += rows.source
        self.customer_tier += rows.customer_tier
        self.label.extend(label)
        self.file.extend([file] * len(rows.line))
        self.line.extend(rows.line)
        split_key = np.fromiter(map(text_hash, map(masked, texts)), np.uint64, len(texts))
        self.split_key.frombytes(split_key.tobytes())
        self.texts.add(rows.title, rows.description, split_key)
        self.same_text.extend(map(text_hash, texts))

    def keep(self, begin: int, kept: Sequence[bool]) -> None:
        """Of the rows from `begin` on, forget those that are not `kept`."""
        if all(kept):
            return
        self.texts.keep(begin, kept)
        for name in set(self.__slots__) - {"texts"}:
            values = getattr(self, name)
            chosen = compress(values[begin:], kept)
            values[begin:] = array(values.typecode, chosen) if isinstance(values, array) else chosen

    def frame(self, files: list[str]) -> pd.DataFrame:
        """Dataset's columns and same_text (uint64); `files`: names by number."""
        split_keys = np.array(self.split_key, "uint64")
        return pd.DataFrame(
            {
                "ticket_id": pd.Series(self.ticket_id, dtype="str"),
                "created_at": _dates(self.created_s),
                "updated_at": _dates(self.updated_s),
                "title": pd.Series(self.texts.title, dtype="str"),
                "description": pd.Series(self.texts.description, dtype="str"),
                "source": pd.Categorical(self.source),
                "customer_tier": pd.Categorical(self.customer_tier),
                "urgent": np.array(self.label, "int32") == 1,
                "file": _category(self.file, files),
                "line": np.array(self.line, "int64"),
                "split_key": split_keys,
                "side": _category(side_numbers(split_keys), SIDES),
                "same_text": np.array(self.same_text, "uint64"),
            }
        )

    def __len__(self) -> int:
        return len(self.line)


def _dates(seconds_s: array[int]) -> pd.Series[pd.Timestamp]:
    instants = np.array(seconds_s, "int64").astype("datetime64[s]").astype("datetime64[us]")
    return pd.Series(instants).dt.tz_localize("UTC")


def _category(numbers: ArrayLike, names: Sequence[str]) -> pd.Series:
    codes = np.array(numbers, "int64")
    return pd.Series(pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names))))


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
