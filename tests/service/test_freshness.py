from __future__ import annotations

from service.freshness import CHECK_S, Freshness


def freshness(jitter: float = 0.0) -> Freshness:
    return Freshness(soft_s=5, hard_s=30, now=100, jitter=lambda: jitter)


def test_a_check_is_due_and_overdue_at_the_start():
    assert freshness().is_due(100)
    assert freshness().is_overdue(100)


def answered(fresh: Freshness, now: float) -> None:
    assert fresh.answered(fresh.begin(now), now)


def missed(fresh: Freshness, now: float) -> None:
    assert fresh.missed(fresh.begin(now))


def test_a_check_is_due_one_soft_bound_after_the_last_and_overdue_one_hard_bound_after():
    fresh = freshness()
    answered(fresh, 100.1)
    assert not fresh.is_due(105.0)
    assert fresh.is_due(105.1)
    assert not fresh.is_overdue(130.0)
    assert fresh.is_overdue(130.1)


def test_jitter_only_brings_a_check_forward_so_that_the_soft_bound_is_a_bound():
    fresh = freshness(jitter=1.0)
    answered(fresh, 100)
    assert not fresh.is_due(103.9)
    assert fresh.is_due(104.0)


def test_three_missed_checks_in_a_row_make_it_stale_since_the_last_answer():
    fresh = freshness()
    answered(fresh, 100)
    for now in (105.3, 110.3):
        missed(fresh, now)
    assert fresh.stale_s(111) is None
    missed(fresh, 116.3)
    assert fresh.stale_s(117) == 17
    answered(fresh, 121.1)
    assert fresh.stale_s(121.1) is None


def test_an_answer_between_two_misses_starts_the_count_again():
    fresh = freshness()
    for outcome in (missed, missed, answered, missed, missed):
        outcome(fresh, 100.1)
    assert fresh.stale_s(101) is None


def test_a_check_that_does_not_end_is_given_up_missed_and_the_next_one_planned():
    fresh = freshness()
    answered(fresh, 100)
    check = fresh.begin(105)
    assert not fresh.give_up(105 + CHECK_S - 0.01)
    assert fresh.is_running
    assert fresh.give_up(105 + CHECK_S)
    assert not fresh.is_running
    assert not fresh.is_due(109.9)
    assert fresh.is_due(110)
    for now in (115, 125):
        fresh.begin(now)
        assert fresh.give_up(now + CHECK_S)
    assert fresh.stale_s(126) == 26
    assert not fresh.answered(check, 127), "its answer came after it was given up"
    assert fresh.stale_s(127) == 27


def test_a_check_is_given_up_once():
    fresh = freshness()
    assert not fresh.give_up(200), "none has begun"
    fresh.begin(100)
    assert [fresh.give_up(now) for now in (101, 102, 103)] == [True, False, False]


def test_an_instance_that_had_no_cpu_during_its_check_checks_again_at_once():
    fresh = freshness()
    fresh.begin(100)
    assert fresh.give_up(160)
    assert fresh.is_due(160)
    assert fresh.is_overdue(160)


def test_only_the_check_that_began_last_counts():
    fresh = freshness()
    slow = fresh.begin(100)
    forced = fresh.begin(100.1, lasts_s=8)
    assert not fresh.missed(slow)
    assert not fresh.give_up(108.0)
    assert fresh.answered(forced, 108.0)
    assert not fresh.answered(forced, 108.1)
