"""Could these tickets come from where the reference's came from?

How far a family moved is its population stability index, sum((p - q) * ln(p / q)), between shares
of tickets observed and of the reference's. Alone it is no alarm: above .1 it is met 41 % of the
time at 100 tickets without any drift. So chance is judged by Pearson's statistic for two samples,
in families whose bins have an order by that of the best cut (Miller and Siegmund 1982). Both find
a shift more often than the index does. Their null is made by resampling both sides.

A family has moved where chance comes this far in less than .5 % of checks, by Holm's correction
(1979) over all families of all windows, and where the index, give or take its error, may be .1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.drift.bins import bins_of, merged_bins
from urgency.observed import FAMILIES, Counts
from urgency.reference import TOGETHER, Reference

STEADY, MOVED, TOO_FEW = "steady", "moved", "too few"
FEW = 50
"""Tickets below which nothing is said."""

ALARMS = 0.005
"""Chance of a false alarm in one check, all its windows together: half of the 1 % that is promised,
because a reference is itself one sample of many.
"""

FLOOR = 0.1
"""Index that is worth a person's look; below it by three standard errors a shift is left alone."""

ORDERED = ("probability", "known", "length")
"""Families whose bins have an order: a shift moves tickets up or down."""

DRAWS = 4_000
SMOOTHING = 0.5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Distances(NamedTuple):
    """Of two sides: the statistic that chance is judged by, and the population stability index."""

    apart: Floats
    stability: Floats


@dataclass(frozen=True)
class Shift:
    """One family of a window: `index` as it is, `excess` over what chance adds, that with three
    standard errors, and how likely `chance` alone comes this far; `moved`: beyond both bounds.
    """

    family: str
    index: float
    excess: float
    at_most: float
    chance: float
    moved: bool = False


@dataclass(frozen=True)
class Window:
    """The answer about the tickets of some time, and each family's; none for too few tickets."""

    tickets: int
    answer: str
    shifts: tuple[Shift, ...] = ()

    @property
    def moved(self) -> list[Shift]:
        """The families that moved, furthest first."""
        moved = [shift for shift in self.shifts if shift.moved]
        return sorted(moved, key=lambda shift: -shift.excess)


def check(windows: Mapping[str, Counts], reference: Reference, seed: int = 0) -> dict[str, Window]:
    """The answer about each window, by name.

    Windows may overlap; one that holds the same tickets as another gets its answer and costs
    nothing.
    """
    enough = {name: counts for name, counts in windows.items() if counts.tickets >= FEW}
    first = {counts.tickets: name for name, counts in reversed(enough.items())}
    shifts = {name: shifts_of(enough[name], reference, seed) for name in first.values()}
    chances = [shift.chance for of_one in shifts.values() for shift in of_one]
    is_rare = iter(holm(chances, ALARMS))
    judged = {name: _window(enough[name], of_one, is_rare) for name, of_one in shifts.items()}
    return {
        name: judged[first[counts.tickets]] if name in enough else Window(counts.tickets, TOO_FEW)
        for name, counts in windows.items()
    }


def shifts_of(observed: Counts, reference: Reference, seed: int) -> list[Shift]:
    """How far each family is from the reference; those that cannot be compared are left out."""
    shifts, random = [], np.random.default_rng(seed)
    for family in FAMILIES:
        ours, theirs = (one.counts for one in bins_of(family, observed, reference.counts))
        if family == "words":
            null = words_null(observed.tickets, reference, seed)
        else:
            ours, theirs = (one.counts for one in merged_bins(family, observed, reference.counts))
            null = permuted(family, ours, theirs, random) if len(ours) > 1 else None
        if null is not None:
            found = distances(family, ours, theirs)
            shifts.append(_shift(family, found, null, observed.tickets))
    return shifts


def distances(family: str, ours: NDArray[Any], theirs: NDArray[Any]) -> Distances:
    """Along the last axis. In the index each bin is half a ticket fuller, so that none is empty."""
    p, q = (_shares(counts) for counts in (ours, theirs))
    apart = best_cut(ours, theirs) if family in ORDERED else pearson(ours, theirs)
    return Distances(apart, np.asarray(((p - q) * np.log(p / q)).sum(axis=-1)))


def pearson(ours: NDArray[Any], theirs: NDArray[Any]) -> Floats:
    """Pearson's statistic for two samples."""
    n, m = (side.sum(axis=-1, keepdims=True, dtype=np.float64) for side in (ours, theirs))
    apart = ours * np.sqrt(m / n) - theirs * np.sqrt(n / m)
    return np.asarray((apart**2 / np.maximum(ours + theirs, 1)).sum(axis=-1))


def best_cut(ours: NDArray[Any], theirs: NDArray[Any]) -> Floats:
    """The same where bins are only told apart by one cut: of all cuts the one that says most."""
    n, m = (side.sum(axis=-1, keepdims=True, dtype=np.float64) for side in (ours, theirs))
    below, known = ours.cumsum(axis=-1)[..., :-1], theirs.cumsum(axis=-1)[..., :-1]
    share = (below + known) / (n + m)
    variance = np.maximum(share * (1 - share), 0.25 / (n + m) ** 2) * (1 / n + 1 / m)
    return np.asarray(((below / n - known / m) ** 2 / variance).max(axis=-1))


def permuted(family: str, ours: Ints, theirs: Ints, random: np.random.Generator) -> Distances:
    """Both when all tickets are dealt again to both sides, (DRAWS,): an exact test's null."""
    pooled = ours + theirs
    dealt = random.multivariate_hypergeometric(pooled, int(ours.sum()), DRAWS, method="marginals")
    return distances(family, dealt, pooled - dealt)


@lru_cache(maxsize=16)
def words_null(tickets: int, reference: Reference, seed: int) -> Distances | None:
    """Both of words when both sides are drawn from the reference, (DRAWS,).

    Whole groups of tickets are drawn: the words of one ticket come together, so dealing words one
    by one would make chance look smaller than it is. None for a reference without groups.
    """
    groups = reference.words.astype(np.float32)
    if not len(groups):
        return None
    random, share = np.random.default_rng(seed), np.full(len(groups), 1 / len(groups))
    sides = (tickets, reference.counts.tickets)
    drawn = [random.multinomial(max(1, round(n / TOGETHER)), share, DRAWS) for n in sides]
    return distances("words", *(one.astype(np.float32) @ groups for one in drawn))


def holm(chances: Sequence[float], alarms: float) -> list[bool]:
    """Which hypotheses Holm's step-down rejects so that any false one is as rare as `alarms`."""
    rejected = [False] * len(chances)
    for place, number in enumerate(np.argsort(chances, kind="stable")):
        if chances[number] > alarms / (len(chances) - place):
            break
        rejected[number] = True
    return rejected


def _window(counts: Counts, shifts: Sequence[Shift], is_rare: Iterator[bool]) -> Window:
    judged = tuple(replace(one, moved=next(is_rare) and one.at_most >= FLOOR) for one in shifts)
    moved = any(shift.moved for shift in judged)
    return Window(counts.tickets, MOVED if moved else STEADY, judged)


def _shift(family: str, found: Distances, null: Distances, tickets: int) -> Shift:
    further = int((null.apart >= found.apart).sum())
    index = float(found.stability)
    excess = index - float(null.stability.mean())
    error = 2 * math.sqrt(index / tickets)  # by the delta method
    chance = (1 + further) / (1 + len(null.apart))
    return Shift(family, index, excess, excess + 3 * error, chance)


def _shares(counts: NDArray[Any]) -> NDArray[np.float64]:
    smooth = np.asarray(counts, np.float64) + SMOOTHING
    return np.asarray(smooth / smooth.sum(axis=-1, keepdims=True))
