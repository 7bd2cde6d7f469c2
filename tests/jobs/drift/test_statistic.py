"""The answers: steady, moved and what, too few; chance and size both have to speak for a move."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from jobs.drift.bins import bins_of, merged_bins
from jobs.drift.statistic import (
    ALARMS,
    FEW,
    MOVED,
    STEADY,
    TOO_FEW,
    best_cut,
    check,
    distances,
    holm,
    pearson,
)
from tests.jobs.drift.observed_world import counts_of, reference_of
from urgency.observed import CATEGORIES
from urgency.reference import Reference


def test_tickets_of_the_same_kind_are_steady() -> None:
    answers = check({"week": counts_of(700, 2), "day": counts_of(100, 3)}, reference_of())
    assert [window.answer for window in answers.values()] == [STEADY, STEADY]


def test_a_family_that_shifts_moves_and_is_named_alone() -> None:
    window = check({"week": counts_of(400, 2, emails=0.8)}, reference_of())["week"]
    assert window.answer == MOVED
    assert [shift.family for shift in window.moved] == ["source"]


def test_a_source_that_nobody_knew_moves() -> None:
    counts = counts_of(400, 2)
    newcomer = Counter({"email": 250, "other": 150})
    counts = replace(counts, categories=counts.categories | {"source": newcomer})
    assert check({"week": counts}, reference_of())["week"].moved[0].family == "source"


def test_few_tickets_get_no_answer() -> None:
    windows = {"week": counts_of(FEW, 2), "day": counts_of(FEW - 1, 3, emails=0.9)}
    answers = check(windows, reference_of())
    assert answers["day"].answer == TOO_FEW
    assert answers["week"].answer == STEADY


def test_what_is_sure_and_small_is_left_alone() -> None:
    window = check({"week": counts_of(60_000, 2, emails=0.53)}, reference_of(60_000))["week"]
    [source] = [shift for shift in window.shifts if shift.family == "source"]
    assert source.chance < ALARMS / 18
    assert window.answer == STEADY


def test_a_family_of_one_bin_and_a_reference_without_groups_are_not_compared() -> None:
    bare = Reference(reference_of().counts, np.zeros((0, 512), np.uint16))
    families = {shift.family for shift in check({"week": counts_of(200, 2)}, bare)["week"].shifts}
    assert families == {"probability", "known", "length", "source"}


def test_holm_stops_at_the_first_that_is_not_rare_enough() -> None:
    assert holm([0.001, 0.04, 0.004], 0.01) == [True, False, True]
    assert holm([0.02, 0.0001], 0.01) == [False, True]
    assert holm([0.004, 0.006], 0.01) == [True, True]
    assert holm([0.006, 0.006], 0.01) == [False, False]


def test_distances_are_those_of_the_textbook() -> None:
    ours, theirs = np.array([30, 70]), np.array([100, 100])
    found = distances("source", ours, theirs)
    # (ad - bc)^2 * n / product of the margins, of a table of two rows and two columns
    assert found.apart == pytest.approx((30 * 100 - 70 * 100) ** 2 * 300 / (100 * 200 * 130 * 170))
    p, q = 30.5 / 101, 100.5 / 201
    expected = (p - q) * np.log(p / q) + (q - p) * np.log((1 - p) / (1 - q))
    assert found.stability == pytest.approx(expected)


def test_the_best_cut_is_the_one_that_tells_the_sides_apart_most() -> None:
    ours, theirs = np.array([10, 10, 10, 70]), np.array([200, 100, 100, 100])
    cuts = [[ours[:at].sum(), ours[at:].sum()] for at in (1, 2, 3)]
    known = [[theirs[:at].sum(), theirs[at:].sum()] for at in (1, 2, 3)]
    each = [pearson(np.array(o), np.array(t)) for o, t in zip(cuts, known, strict=True)]
    assert best_cut(ours, theirs) == pytest.approx(max(each))
    assert best_cut(np.array([0, 9, 0]), np.array([0, 50, 0])) == 0


def test_small_neighbours_are_joined_and_small_categories_become_the_rest() -> None:
    observed, known = counts_of(50, 2), reference_of().counts
    ours, theirs = merged_bins("probability", observed, known)
    assert len(ours.names) == len(ours.counts) == len(theirs.counts) < 6
    assert (ours.counts.sum(), theirs.counts.sum()) == (50, 4_000)
    assert ours.names[0].startswith("0-")
    assert ours.names[-1].endswith("-1")
    few = replace(
        observed, categories={name: Counter({"(none)": 48, "b": 1, "c": 1}) for name in CATEGORIES}
    )
    ours, _ = merged_bins("source", few, few)
    assert dict(zip(ours.names, ours.counts.tolist(), strict=True)) == {"(none)": 48, "the rest": 2}
    assert len(bins_of("source", few, known)[0].names) == 4
