"""A family's bins side by side, named for people; few tickets get fewer bins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from urgency.observed import BINS, CATEGORIES, LENGTH_EDGES, Counts

EXPECTED = 10
"""Tickets of the smaller side that a bin should hold without drift; smaller bins are joined."""

REST = "the rest"
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """`counts` (bins,) and what each bin is called."""

    names: tuple[str, ...]
    counts: Ints


def bins_of(family: str, observed: Counts, reference: Counts) -> tuple[Bins, Bins]:
    """The same bins of both."""
    if family in CATEGORIES:
        sides = (observed.categories[family], reference.categories[family])
        names = tuple(sorted({*sides[0], *sides[1]}))
        counts = [np.array([side[name] for name in names], np.int64) for side in sides]
    else:
        names = NAMES[family]
        counts = [side.histograms[family] for side in (observed, reference)]
    return Bins(names, counts[0]), Bins(names, counts[1])


def merged_bins(family: str, observed: Counts, reference: Counts) -> tuple[Bins, Bins]:
    """As `bins_of`, small bins joined: neighbours, or categories to one. Sums of both decide."""
    ours, theirs = bins_of(family, observed, reference)
    pooled = ours.counts + theirs.counts
    smaller = min(ours.counts.sum(), theirs.counts.sum())
    expected = pooled * (smaller / max(1, pooled.sum()))
    group = _rest(expected) if family in CATEGORIES else _neighbours(expected)
    names = tuple(
        _name(family, [*_of(ours.names, group == number)]) for number in sorted({*group.tolist()})
    )
    sums = [np.bincount(group, side.counts).astype(np.int64) for side in (ours, theirs)]
    return Bins(names, sums[0]), Bins(names, sums[1])


def _neighbours(expected: NDArray[np.float64]) -> NDArray[np.int64]:
    """The group of each bin: one goes on until it holds EXPECTED, the last takes what is left."""
    group, number, held = np.zeros(len(expected), np.int64), 0, 0.0
    for place, tickets in enumerate(expected):
        group[place], held = number, held + tickets
        if held >= EXPECTED and expected[place + 1 :].sum() >= EXPECTED:
            number, held = number + 1, 0.0
    return group


def _rest(expected: NDArray[np.float64]) -> NDArray[np.int64]:
    is_large = expected >= EXPECTED
    return np.where(is_large, np.cumsum(is_large) - 1, is_large.sum())


def _of(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> list[str]:
    return [name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen]


def _name(family: str, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    if family in CATEGORIES:
        return REST
    return f"{names[0].partition('-')[0]}-{names[-1].partition('-')[2]}"


def _steps(bins: int) -> tuple[str, ...]:
    edges = [f"{step / bins:g}" for step in range(bins + 1)]
    return tuple(f"{low}-{high}" for low, high in pairwise(edges))


NAMES = {
    "probability": _steps(BINS["probability"]),
    "known": _steps(BINS["known"]),
    "length": tuple(
        f"{low}-{high - 1}" if high else f"{low}-" for low, high in pairwise((0, *LENGTH_EDGES, 0))
    ),
    "words": tuple(f"bucket {number}" for number in range(BINS["words"])),
}
"""What the bins of each histogram are called."""
