from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.protocol.reconcile import QUIET_AT_MOST_S, QUIET_S, OutOfTime
from tests.support.job.job_in_memory import JobInMemory, at, job_with_one_model, once
from urgency.errors import Gone
from urgency.messages import ModelReleased

# From files to a model


def test_a_first_file_becomes_version_1_serves_is_announced_and_answered() -> None:
    job = job_with_one_model()
    job.assert_in_order()
    assert job.published == [ModelReleased(epoch=1, version=1, execution="run-1")]
    assert [name.rsplit(".", 1)[1] for name in job.receipts()] == ["json", "md"]


def test_an_unchanged_bucket_is_a_cheap_no_op() -> None:
    job = job_with_one_model()
    before = job.writes()
    reads = len(job.landing.calls + job.objects.calls + job.control.calls)
    job.run("run-2")
    assert job.writes() == before
    assert len(job.landing.calls + job.objects.calls + job.control.calls) - reads <= 10
    assert job.trained == [1]


def test_two_hundred_files_that_are_there_make_one_training() -> None:
    job = JobInMemory()
    job.drop(*(f"{k}.csv" for k in range(200)))
    for k in range(200):
        job.run(f"run-{k}")
    assert job.trained == [1]
    assert len(job.receipts()) == 400


def test_two_hundred_files_that_land_while_one_trains_make_two_trainings() -> None:
    job = JobInMemory()

    def land() -> None:
        for k in range(1, 200):
            job.drop(f"{k}.csv")
            job.run(f"run-{k}")

    job.work = once(land)
    job.drop("0.csv")
    job.run("run-0")
    assert job.trained == [1, 2]
    assert job.newest.n == 2
    assert len(job.facts("lease_held")) == 199
    job.assert_in_order()


def test_twenty_runs_at_once_make_one_manifest() -> None:
    job, start = JobInMemory(), threading.Barrier(20)
    job.drop("week1.csv")

    def run(number: int) -> None:
        start.wait(30)
        job.run(f"run-{number}")

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(run, range(20)))
    assert job.registry.model_numbers() == job.trained == [1]
    assert job.pointer.epoch == 1
    job.assert_in_order()


def test_another_recipe_makes_another_model_of_the_same_files() -> None:
    job = job_with_one_model()
    job.recipe = "a better recipe"
    job.run("run-2")
    assert job.pointer.champion == 2
    assert job.newest.cause["recipe_changed"] is True


def test_a_generation_that_is_gone_is_left_out() -> None:
    job = JobInMemory()
    job.drop("a.csv", "b.csv")
    (gone, _) = job.landing.list("incoming/")

    def erase() -> None:
        job.landing.delete(gone.name)
        job.landing.erase(gone.name, gone.generation)

    job.run(reached=at("lease_taken", erase))
    assert [file.name for file in job.newest.files] == ["incoming/b.csv"]
    assert job.trained == [2]
    assert len(job.facts("data_gone")) == 1
    job.assert_in_order()


def test_a_part_of_the_registry_that_is_gone_ends_the_run_at_the_second_look() -> None:
    job, looks = JobInMemory(), []

    def work() -> None:
        looks.append("looked")
        raise Gone("blobs/sha256/00 is not in the registry.")

    job.work = work
    job.drop("week1.csv")
    with pytest.raises(Gone):
        job.run()
    assert len(looks) == 2
    assert not job.lease("run-2").held_by_another()


def test_an_emptied_bucket_changes_nothing_and_is_told() -> None:
    job = job_with_one_model()
    job.landing.delete("incoming/week1.csv")
    before = job.writes()
    job.run("run-2")
    assert job.writes() == before
    assert job.facts("landing_empty")[0]["severity"] == "ERROR"
    assert job.pointer.champion == 1


# Forced runs


def test_a_forced_run_trains_once_more_and_its_retry_goes_on_with_that() -> None:
    job = job_with_one_model()
    with pytest.raises(OutOfTime):
        job.run("run-2", force=True, deadline_s=0)
    assert job.trained == [1, 2]
    job.run("run-2", force=True)
    assert job.trained == [1, 2]
    assert (job.newest.n, job.newest.forced_by) == (2, "run-2")


def test_a_forced_run_is_satisfied_though_others_made_newer_snapshots() -> None:
    job = job_with_one_model()

    def another() -> None:
        job.drop("week2.csv")
        job.run("run-3")

    job.run("run-2", force=True, reached=at("lease_freed", another))
    assert job.trained == [1, 2, 3]
    assert job.newest.forced_by is None


# The lease and the clock


def test_a_lease_that_another_holds_means_no_snapshot_and_no_training() -> None:
    job = JobInMemory()
    job.drop("week1.csv")
    assert job.lease("run-0").take()
    job.run("run-1")
    assert job.registry.newest_snapshot() is None
    assert job.facts("lease_held")


def test_the_first_round_waits_for_nothing_and_later_ones_for_a_quiet_bucket() -> None:
    job = JobInMemory()
    late = ["c.csv", "d.csv"]
    job.work = once(lambda: job.drop("b.csv"))
    job.asleep = lambda _seconds: job.drop(late.pop()) if late else None
    job.drop("a.csv")
    job.run(reached=at("snapshot_made", lambda: job.sleeps.append(-1.0)))
    assert job.sleeps == [-1.0, QUIET_S, QUIET_S, QUIET_S]
    assert len(job.newest.files) == 4
    assert job.trained == [1, 2]


def test_a_bucket_that_never_gets_quiet_is_waited_for_only_so_long() -> None:
    job = JobInMemory()
    job.work = once(lambda: job.drop("b.csv"))
    job.asleep = lambda _seconds: job.drop("b.csv") if sum(job.sleeps) <= QUIET_AT_MOST_S else None
    job.drop("a.csv")
    job.run()
    assert sum(job.sleeps) == QUIET_AT_MOST_S
    assert job.trained == [1, 2]


def test_a_bucket_that_never_stops_changing_ends_the_run_at_its_deadline() -> None:
    job = JobInMemory()

    def work() -> None:
        job.seconds += 100
        job.drop("a.csv")

    job.work = work
    job.drop("a.csv")
    with pytest.raises(OutOfTime):
        job.run(deadline_s=250)
    assert job.trained == [1, 2, 3]
    assert not job.lease("run-2").held_by_another()
