from __future__ import annotations

from service.freshness import Freshness


def freshness(jitter: float = 0.0) -> Freshness:
    return Freshness(soft_s=5, hard_s=30, now=100, jitter=lambda: jitter)


def test_a_check_is_due_and_overdue_at_the_start():
    assert freshness().is_due(100)
    assert freshness().is_overdue(100)


def test_a_check_is_due_one_soft_bound_after_the_last_and_overdue_one_hard_bound_after():
    fresh = freshness()
    fresh.answered(100, 100.1)
    assert not fresh.is_due(105.0)
    assert fresh.is_due(105.1)
    assert not fresh.is_overdue(130.0)
    assert fresh.is_overdue(130.1)


def test_jitter_only_brings_a_check_forward_so_that_the_soft_bound_is_a_bound():
    fresh = freshness(jitter=1.0)
    fresh.answered(100, 100)
    assert not fresh.is_due(103.9)
    assert fresh.is_due(104.0)


def test_three_missed_checks_in_a_row_make_it_stale_since_the_last_answer():
    fresh = freshness()
    fresh.answered(100, 100)
    for asked in (105, 110):
        fresh.missed(asked, asked + 0.3)
    assert fresh.stale_s(111) is None
    fresh.missed(116, 116.3)
    assert fresh.stale_s(117) == 17
    fresh.answered(121, 121.1)
    assert fresh.stale_s(121.1) is None


def test_an_answer_between_two_misses_starts_the_count_again():
    fresh = freshness()
    for outcome in (fresh.missed, fresh.missed, fresh.answered, fresh.missed, fresh.missed):
        outcome(100, 100.1)
    assert fresh.stale_s(101) is None


def test_a_frozen_check_counts_as_neither_success_nor_failure():
    fresh = freshness()
    for _ in range(3):
        fresh.missed(100, 130)
    assert fresh.stale_s(130) is None
    assert fresh.is_due(130)
    fresh.answered(130, 160)
    assert fresh.is_due(160)
