"""Whether ticket ids identify: within a file, and between files that share some.

Where a file has a row for each message of a ticket, the first one is the ticket as it came.

Row numbers as ids let one week's export erase the week before, and one NULL kept 1 ticket of 200.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.tickets.columns import NO_ID, Flags, Hashes, Numbers, TicketColumns
from jobs.tickets.texts import Texts

CONSTANT_SHARE = 0.1
"""Share of a file's rows with one id, from which its ids do not identify (20 rows and more)."""

_MIN_ROWS = 20
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)

CLASHING_LEAST, CLASHING_SHARE, SIMILAR = 3, 0.1, 0.5
"""Number and share of shared ids with other texts from which files count as numbered by row."""

MESSAGES_LEAST, MESSAGES_SHARE = 0.2, 0.5
"""Share of a file's rows that have the id of another one, and share of tickets whose first and
last row are different texts, from which the rows are messages."""

_COMPARED = 2_000  # shared ids of two files that are looked at

Words = NDArray[np.uint32]


def own_ids(ids: Sequence[str]) -> list[str]:
    """The ids of one file, "" where they do not identify a ticket."""
    kept = ["" if _SCIENTIFIC.fullmatch(one) else one for one in ids]
    most = max(Counter(filter(None, kept)).values(), default=0)
    if len(kept) >= _MIN_ROWS and most > CONSTANT_SHARE * len(kept):
        return [""] * len(kept)
    return kept


def row_numbered(columns: TicketColumns, rows: Numbers, texts: Texts) -> set[int]:
    """Files whose ids also stand for other tickets in other files, by number.

    An edit of a ticket keeps half of its words; another ticket does not (Jaccard).
    rows: those that are looked at, rising.
    """
    can_tell = (columns.ticket_id[rows] != NO_ID) & texts.has_words(columns.split_key[rows])
    rows = rows[can_tell]
    rows = rows[np.lexsort((columns.file.codes[rows], columns.ticket_id[rows]))]
    rows = rows[_last_of_each(columns.ticket_id[rows], columns.file.codes[rows])]
    ids, file = columns.ticket_id[rows], columns.file.codes[rows]
    between: dict[tuple[int, int], list[int]] = {}
    for at in np.flatnonzero(ids[1:] == ids[:-1]).tolist():
        found = between.setdefault((int(file[at]), int(file[at + 1])), [])
        if len(found) < _COMPARED:
            found.append(at)
    clashing = (files for files, at in between.items() if _clash(texts, rows[at], rows[1:][at]))
    return {number for files in clashing for number in files}


def conversations(columns: TicketColumns, rows: Numbers, texts: Texts) -> set[int]:
    """Files in which a ticket has messages, by number: its first and last row say something else
    and were made at other times, while a ticket that changes was made once.

    rows: those that are looked at, rising.
    """
    of_file = np.bincount(columns.file.codes[rows])
    rows = rows[(columns.ticket_id[rows] != NO_ID) & texts.has_words(columns.split_key[rows])]
    rows = rows[np.lexsort((columns.ticket_id[rows], columns.file.codes[rows]))]
    is_last = _last_of_each(columns.ticket_id[rows], columns.file.codes[rows])
    ends = np.flatnonzero(is_last)
    begins = np.append(0, ends[:-1] + 1)[: len(ends)]
    made_at = columns.created_at[rows]
    is_apart = np.abs(made_at[ends] - made_at[begins]) > np.timedelta64(0)  # not where one is NaT
    first, last, size = (each[is_apart] for each in (rows[begins], rows[ends], ends - begins + 1))
    file = columns.file.codes[first]
    repeated = np.bincount(file, weights=size)
    found = set()
    for number in np.flatnonzero(repeated).tolist():
        own = np.flatnonzero(file == number)[:_COMPARED]
        is_much = repeated[number] >= MESSAGES_LEAST * of_file[number]
        if is_much and _clash(texts, first[own], last[own], MESSAGES_SHARE):
            found.add(number)
    return found


def _last_of_each(ids: Hashes, file: Numbers) -> Flags:
    """The last row of each id in each file; both are in order."""
    differs = (ids[1:] != ids[:-1]) | (file[1:] != file[:-1])
    return np.append(differs, np.True_)[: len(ids)]


def _clash(texts: Texts, one: Numbers, other: Numbers, share: float = CLASHING_SHARE) -> bool:
    """Whether too many of these rows, pair by pair, are not the same ticket."""
    said = zip(_said(texts, one), _said(texts, other), strict=True)
    clashes = sum(_overlap(*pair) < SIMILAR for pair in said)
    return clashes >= CLASHING_LEAST and clashes > share * len(one)


def _said(texts: Texts, rows: Numbers) -> list[Words]:
    words = texts.words(rows).together()
    return np.split(words.plain, words.counts.sum(axis=1).cumsum()[:-1])


def _overlap(one: Words, other: Words) -> float:
    words, others = set(one.tolist()), set(other.tolist())
    return len(words & others) / max(1, len(words | others))
