from __future__ import annotations

import threading

from tests.support.job.job_in_memory import LEASE_S, JobInMemory
from tests.support.waiting import eventually
from urgency.errors import Unavailable


def lost_answer(when: str) -> None:
    if when.startswith("after put"):
        raise Unavailable("The answer was lost.")


def down(_when: str) -> None:
    raise Unavailable("Storage is down.")


def test_one_holder_at_a_time_until_it_is_freed() -> None:
    job = JobInMemory()
    first, second = job.lease("run-1"), job.lease("run-2")
    assert first.take()
    assert not second.take()
    assert second.held_by_another()
    assert not first.held_by_another()
    first.free()
    assert second.take()
    assert first.held_by_another()


def test_an_expired_lease_is_anybodys() -> None:
    job = JobInMemory()
    assert job.lease("run-1").take()
    job.seconds += LEASE_S
    assert job.lease("run-2").take()


def test_who_lost_it_does_not_free_the_next_ones() -> None:
    job = JobInMemory()
    first, second = job.lease("run-1"), job.lease("run-2")
    assert first.take()
    job.seconds += LEASE_S
    assert second.take()
    first.free()
    assert first.held_by_another()
    assert job.facts("lease_not_freed")


def test_a_retry_inherits_what_its_killed_attempt_held() -> None:
    job = JobInMemory()
    assert job.lease("run-1").take()
    retry, stranger = job.lease("run-1"), job.lease("run-2")
    stranger.inherit()
    stranger.free()
    assert stranger.held_by_another()
    retry.inherit()
    retry.free()
    assert not stranger.held_by_another()


def test_a_lost_answer_is_no_lost_lease() -> None:
    job = JobInMemory()
    lease = job.lease("run-1")
    job.control.fault = lambda when: lost_answer(when) if len(job.writes()) == 1 else None
    assert lease.take()
    lease.free()
    assert job.lease("run-2").take()


def test_it_is_renewed_while_the_block_runs_and_not_afterwards() -> None:
    job = JobInMemory()
    lease = job.lease("run-1")
    lease._ttl_s = 0.03  # of real time: a third of it between renewals
    assert lease.take()
    with lease.renewed():
        eventually(lambda: len(job.writes()) > 3)
    assert not [thread for thread in threading.enumerate() if thread.name == "lease"]
    lease.free()
    assert job.lease("run-2").take()


def test_a_renewal_moves_the_end() -> None:
    job = JobInMemory()
    lease, other = job.lease("run-1"), job.lease("run-2")
    assert lease.take()
    job.seconds += LEASE_S - 1
    lease.renew()
    job.seconds += LEASE_S - 1
    assert other.held_by_another()


def test_failing_to_renew_or_free_ends_no_training() -> None:
    job = JobInMemory()
    lease = job.lease("run-1")
    assert lease.take()
    job.control.fault = down
    lease.renew()
    lease.free()
    assert job.facts("lease_not_renewed")
    assert job.facts("lease_not_freed")
