"""Which row of a ticket counts: its newest, and what a person said of it before all others.

Of a ticket's messages the first one counts, which is put last for that.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from jobs.tickets.columns import NO_ID, Flags, Hashes, Numbers, TicketColumns
from urgency.feedback import is_feedback


def said_by_people(columns: TicketColumns) -> Flags:
    """Which rows are feedback, (rows,)."""
    of_file = np.array([*map(is_feedback, columns.file.values)], bool)
    return np.asarray(of_file[columns.file.codes])


def oldest_first(columns: TicketColumns, rows: Numbers) -> Numbers:
    """These rows, in order of file and line, but updated ones in order of their updates: they take
    each other's places. Rows of feedback do so among themselves, behind all others.
    """
    updated_at = columns.updated_at[rows]
    if np.isnat(updated_at).all():
        return rows
    said = said_by_people(columns)[rows]
    place = np.arange(len(rows)) + len(rows) * said
    order = place.copy()
    for own in (said, ~said):
        dated = np.flatnonzero(~np.isnat(updated_at) & own)
        by_date = dated[np.argsort(updated_at[dated], kind="stable")]
        order[by_date] = place[dated]
    return rows[np.argsort(order, kind="stable")]


def opening_last(columns: TicketColumns, rows: Numbers, files: Collection[int]) -> Numbers:
    """These rows, those of these files the newest first in the places that they have."""
    rows = rows.copy()
    for number in files:
        place = np.flatnonzero(columns.file.codes[rows] == number)
        own = rows[place]
        created_at = columns.created_at[own]
        since = np.where(np.isnat(created_at), np.iinfo(np.int64).max, created_at.astype(np.int64))
        rows[place] = own[np.lexsort((columns.line[own], since))[::-1]]
    return rows


def replaced_by(columns: TicketColumns, rows: Numbers) -> tuple[Numbers, int]:
    """For each of these rows, oldest first, the file of the row that replaces it, -1 for none; how
    many tickets have both labels.

    The same ticket has the same ticket_id, else the same text.
    """
    file, urgent = columns.file.codes[rows], columns.urgent[rows]
    ids, texts = columns.ticket_id[rows], columns.same_text[rows]
    successor, conflicts = np.full(len(rows), -1), 0
    for key, has_key in ((ids, ids != NO_ID), (texts, np.ones(len(rows), bool))):
        which = np.flatnonzero((successor < 0) & has_key)
        last, with_both = _last_of_key(key[which], urgent[which])
        replaced = np.flatnonzero(last != np.arange(len(last)))
        successor[which[replaced]] = file[which[last[replaced]]]
        conflicts += with_both
    return successor, conflicts


def _last_of_key(key: Hashes, urgent: Flags) -> tuple[Numbers, int]:
    """For each row the last one of the same key; how many keys have both labels."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], np.ones(min(1, len(key)), bool)))
    sizes = np.diff(ends, prepend=-1)
    last = np.empty(len(key), np.int64)
    last[order] = np.repeat(order[ends], sizes)
    found = np.diff(np.append(0, urgent[order].cumsum()[ends]))
    return last, int(((found > 0) & (found < sizes)).sum())
