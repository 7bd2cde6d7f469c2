"""Whether ticket ids identify: within a file, and between files that share some.

Row numbers as ids let one week's export erase the week before, and one NULL kept 1 ticket of 200.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobs.tickets.texts import Texts

CONSTANT_SHARE = 0.1
"""Share of a file's rows with one id, from which its ids do not identify (20 rows and more)."""

_MIN_ROWS = 20
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)

CLASHING_LEAST, CLASHING_SHARE, SIMILAR = 3, 0.1, 0.5
"""Number and share of shared ids with other texts from which files count as numbered by row."""

_COMPARED = 2_000  # shared ids of two files that are looked at

Hashes = NDArray[np.uint32]


def own_ids(ids: Sequence[str]) -> list[str]:
    """The ids of one file, "" where they do not identify a ticket."""
    kept = ["" if _SCIENTIFIC.fullmatch(one) else one for one in ids]
    most = max(Counter(filter(None, kept)).values(), default=0)
    if len(kept) >= _MIN_ROWS and most > CONSTANT_SHARE * len(kept):
        return [""] * len(kept)
    return kept


def row_numbered(rows: pd.DataFrame, texts: Texts) -> set[int]:
    """Files whose ids also stand for other tickets in other files, by number.

    An edit of a ticket keeps half of its words; another ticket does not (Jaccard).
    rows: ticket_id, file, line, split_key, by their number in `texts`.
    """
    can_tell = rows["ticket_id"].ne(0) & texts.has_words(rows["split_key"].to_numpy())
    shared = rows.loc[can_tell, ["ticket_id", "file", "line"]]
    shared = shared[shared["ticket_id"].duplicated(keep=False)]
    last = shared.drop_duplicates(["ticket_id", "file"], keep="last")
    pairs = last.sort_values(["ticket_id", "file", "line"], kind="stable")
    same = pairs["ticket_id"].to_numpy()[1:] == pairs["ticket_id"].to_numpy()[:-1]
    file = pairs["file"].cat.codes.to_numpy()
    between: dict[tuple[int, int], list[int]] = {}
    for at in np.flatnonzero(same).tolist():
        found = between.setdefault((int(file[at]), int(file[at + 1])), [])
        if len(found) < _COMPARED:
            found.append(at)
    row = pairs.index.to_numpy()
    clashing = (files for files, at in between.items() if _clash(texts, row[at], row[1:][at]))
    return {number for files in clashing for number in files}


def _clash(texts: Texts, one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether too many of these rows, pair by pair, are not the same ticket."""
    said = zip(_said(texts, one), _said(texts, other), strict=True)
    clashes = sum(_overlap(*pair) < SIMILAR for pair in said)
    return clashes >= CLASHING_LEAST and clashes > CLASHING_SHARE * len(one)


def _said(texts: Texts, rows: NDArray[np.int64]) -> list[Hashes]:
    words = texts.words(rows).together()
    return np.split(words.plain, words.counts.sum(axis=1).cumsum()[:-1])


def _overlap(one: Hashes, other: Hashes) -> float:
    words, others = set(one.tolist()), set(other.tolist())
    return len(words & others) / max(1, len(words | others))
