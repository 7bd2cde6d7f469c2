"""Whether ticket ids identify: within a file, and between files that share some.

Row numbers as ids let one week's export erase the week before, and one NULL kept 1 ticket of 200.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from urgency.batch import Words

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


def row_numbered(rows: pd.DataFrame, read_words: Callable[[], Words]) -> set[int]:
    """Files whose ids also stand for other tickets in other files, by number.

    An edit of a ticket keeps half of its words; another ticket does not (Jaccard).
    """
    shared = rows[rows["ticket_id"].ne("")]
    shared = shared[shared["ticket_id"].duplicated(keep=False)]
    if shared.empty:
        return set()
    words = read_words()
    last = shared.drop_duplicates(["ticket_id", "file"], keep="last")
    pairs = last.sort_values(["ticket_id", "file", "line"], kind="stable")
    same = pairs["ticket_id"].to_numpy()[1:] == pairs["ticket_id"].to_numpy()[:-1]
    file = pairs["file"].cat.codes.to_numpy()
    row, ends = pairs.index.to_numpy(), np.append(0, words.counts.sum(axis=1).cumsum())
    plain = words.plain
    said = [plain[ends[at] : ends[at + 1]] for at in row]
    between: dict[tuple[int, int], list[bool]] = {}
    for at in np.flatnonzero(same):
        clashes = between.setdefault((int(file[at]), int(file[at + 1])), [])
        if len(clashes) < _COMPARED:
            clashes.append(_overlap(said[at], said[at + 1]) < SIMILAR)
    clashing = (
        files
        for files, found in between.items()
        if sum(found) >= CLASHING_LEAST and sum(found) > CLASHING_SHARE * len(found)
    )
    return {number for files in clashing for number in files}


def _overlap(one: Hashes, other: Hashes) -> float:
    words, others = set(one.tolist()), set(other.tolist())
    return len(words & others) / max(1, len(words | others))
