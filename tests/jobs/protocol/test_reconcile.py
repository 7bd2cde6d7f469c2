from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.protocol.reconcile import QUIET_AT_MOST_S, QUIET_S, OutOfTime
from tests.support.job.bench import Bench, at, bench_with_one_model, once
from urgency.errors import Gone
from urgency.messages import ModelReleased

# From files to a model


def test_a_first_file_becomes_version_1_serves_is_announced_and_answered() -> None:
    bench = bench_with_one_model()
    bench.assert_in_order()
    assert bench.published == [ModelReleased(epoch=1, version=1, execution="run-1")]
    assert [name.rsplit(".", 1)[1] for name in bench.receipts()] == ["json", "md"]


def test_an_unchanged_bucket_is_a_cheap_no_op() -> None:
    bench = bench_with_one_model()
    before = bench.writes()
    reads = len(bench.landing.calls + bench.objects.calls + bench.control.calls)
    bench.run("run-2")
    assert bench.writes() == before
    assert len(bench.landing.calls + bench.objects.calls + bench.control.calls) - reads <= 10
    assert bench.trained == [1]


def test_two_hundred_files_that_are_there_make_one_training() -> None:
    bench = Bench()
    bench.drop(*(f"{k}.csv" for k in range(200)))
    for k in range(200):
        bench.run(f"run-{k}")
    assert bench.trained == [1]
    assert len(bench.receipts()) == 400


def test_two_hundred_files_that_land_while_one_trains_make_two_trainings() -> None:
    bench = Bench()

    def land() -> None:
        for k in range(1, 200):
            bench.drop(f"{k}.csv")
            bench.run(f"run-{k}")

    bench.work = once(land)
    bench.drop("0.csv")
    bench.run("run-0")
    assert bench.trained == [1, 2]
    assert bench.newest.n == 2
    assert len(bench.facts("lease_held")) == 199
    bench.assert_in_order()


def test_twenty_runs_at_once_make_one_manifest() -> None:
    bench, start = Bench(), threading.Barrier(20)
    bench.drop("week1.csv")

    def run(number: int) -> None:
        start.wait(30)
        bench.run(f"run-{number}")

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(run, range(20)))
    assert bench.registry.model_numbers() == bench.trained == [1]
    assert bench.pointer.epoch == 1
    bench.assert_in_order()


def test_another_recipe_makes_another_model_of_the_same_files() -> None:
    bench = bench_with_one_model()
    bench.recipe = "a better recipe"
    bench.run("run-2")
    assert bench.pointer.champion == 2
    assert bench.newest.cause["recipe_changed"] is True


def test_a_generation_that_is_gone_is_left_out() -> None:
    bench = Bench()
    bench.drop("a.csv", "b.csv")
    (gone, _) = bench.landing.list("incoming/")

    def erase() -> None:
        bench.landing.delete(gone.name)
        bench.landing.erase(gone.name, gone.generation)

    bench.run(reached=at("lease_taken", erase))
    assert [file.name for file in bench.newest.files] == ["incoming/b.csv"]
    assert bench.trained == [2]
    assert len(bench.facts("data_gone")) == 1
    bench.assert_in_order()


def test_a_part_of_the_registry_that_is_gone_ends_the_run_at_the_second_look() -> None:
    bench, looks = Bench(), []

    def work() -> None:
        looks.append("looked")
        raise Gone("blobs/sha256/00 is not in the registry.")

    bench.work = work
    bench.drop("week1.csv")
    with pytest.raises(Gone):
        bench.run()
    assert len(looks) == 2
    assert not bench.lease("run-2").held_by_another()


def test_an_emptied_bucket_changes_nothing_and_is_told() -> None:
    bench = bench_with_one_model()
    bench.landing.delete("incoming/week1.csv")
    before = bench.writes()
    bench.run("run-2")
    assert bench.writes() == before
    assert bench.facts("landing_empty")[0]["severity"] == "ERROR"
    assert bench.pointer.champion == 1


# Forced runs


def test_a_forced_run_trains_once_more_and_its_retry_goes_on_with_that() -> None:
    bench = bench_with_one_model()
    with pytest.raises(OutOfTime):
        bench.run("run-2", force=True, deadline_s=0)
    assert bench.trained == [1, 2]
    bench.run("run-2", force=True)
    assert bench.trained == [1, 2]
    assert (bench.newest.n, bench.newest.forced_by) == (2, "run-2")


def test_a_forced_run_is_satisfied_though_others_made_newer_snapshots() -> None:
    bench = bench_with_one_model()

    def another() -> None:
        bench.drop("week2.csv")
        bench.run("run-3")

    bench.run("run-2", force=True, reached=at("lease_freed", another))
    assert bench.trained == [1, 2, 3]
    assert bench.newest.forced_by is None


# The lease and the clock


def test_a_lease_that_another_holds_means_no_snapshot_and_no_training() -> None:
    bench = Bench()
    bench.drop("week1.csv")
    assert bench.lease("run-0").take()
    bench.run("run-1")
    assert bench.registry.newest_snapshot() is None
    assert bench.facts("lease_held")


def test_the_first_round_waits_for_nothing_and_later_ones_for_a_quiet_bucket() -> None:
    bench = Bench()
    late = ["c.csv", "d.csv"]
    bench.work = once(lambda: bench.drop("b.csv"))
    bench.asleep = lambda _seconds: bench.drop(late.pop()) if late else None
    bench.drop("a.csv")
    bench.run(reached=at("snapshot_made", lambda: bench.sleeps.append(-1.0)))
    assert bench.sleeps == [-1.0, QUIET_S, QUIET_S, QUIET_S]
    assert len(bench.newest.files) == 4
    assert bench.trained == [1, 2]


def test_a_bucket_that_never_gets_quiet_is_waited_for_only_so_long() -> None:
    bench = Bench()
    bench.work = once(lambda: bench.drop("b.csv"))
    bench.asleep = lambda _seconds: (
        bench.drop("b.csv") if sum(bench.sleeps) <= QUIET_AT_MOST_S else None
    )
    bench.drop("a.csv")
    bench.run()
    assert sum(bench.sleeps) == QUIET_AT_MOST_S
    assert bench.trained == [1, 2]


def test_a_bucket_that_never_stops_changing_ends_the_run_at_its_deadline() -> None:
    bench = Bench()

    def work() -> None:
        bench.seconds += 100
        bench.drop("a.csv")

    bench.work = work
    bench.drop("a.csv")
    with pytest.raises(OutOfTime):
        bench.run(deadline_s=250)
    assert bench.trained == [1, 2, 3]
    assert not bench.lease("run-2").held_by_another()
