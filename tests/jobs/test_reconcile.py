from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jobs.crash import CRASH_POINTS
from jobs.reconcile import QUIET_AT_MOST_S, QUIET_S, OutOfTime
from tests.support.baton import Killed
from tests.support.bench import LEASE_S, Bench
from tests.support.models import release
from urgency.errors import Unavailable
from urgency.messages import ModelReleased


def once(action: Callable[[], None]) -> Callable[[], None]:
    """Do it at the first call only."""
    actions = [action]
    return lambda: actions.pop()() if actions else None


def at(point: str, action: Callable[[], None]) -> Callable[[str], None]:
    """Do it the first time that this point is passed."""
    first = once(action)
    return lambda passed: first() if passed == point else None


def bench_with_one_model() -> Bench:
    bench = Bench()
    bench.drop("week1.csv")
    bench.run("run-1")
    assert bench.pointer.champion == 1
    return bench


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
    bench.asleep = lambda _seconds: bench.drop("b.csv") if sum(bench.sleeps) <= QUIET_AT_MOST_S else None
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


# Verdict and pointer


@pytest.mark.parametrize("decision", ["HOLD", "REJECT"])
def test_only_a_promoted_version_serves_and_the_receipt_says_so(decision: str) -> None:
    bench = bench_with_one_model()
    bench.decide = lambda _version, _champion: decision
    bench.drop("week2.csv")
    bench.run("run-2")
    assert bench.trained == [1, 2]
    assert bench.pointer.champion == 1
    (answer,) = (body for name, body in bench.receipts().items() if "week2" in name and name.endswith(".json"))
    assert json.loads(answer)["verdict"]["decision"] == decision


@pytest.mark.parametrize(("decision", "champion"), [("PROMOTE", 3), ("HOLD", 2)])
def test_a_verdict_against_another_champion_is_given_again(decision: str, champion: int) -> None:
    bench = bench_with_one_model()
    bench.decide = lambda version, champion: {(2, 1): "HOLD", (3, 2): decision}.get((version, champion), "PROMOTE")
    bench.drop("week2.csv")
    bench.run("run-2")
    second = bench.registry.manifest(2)
    assert second
    bench.drop("week3.csv")
    bench.run("run-3", reached=at("committed", lambda: release(bench.registry, second) and None))
    assert bench.judged == [(3, 2)]
    assert bench.pointer.champion == champion
    bench.run("run-4")
    assert bench.judged == [(3, 2)]
    bench.assert_in_order()


def test_a_pinned_pointer_lets_versions_be_trained_and_stays() -> None:
    bench = bench_with_one_model()
    token, current = bench.registry.current_release()
    bench.registry.move_release(replace(current, epoch=2, pinned=True), token)
    bench.drop("week2.csv")
    bench.run("run-2")
    assert bench.registry.model_numbers() == [1, 2]
    assert bench.pointer == replace(current, epoch=2, pinned=True)


# Messages and receipts


def test_a_message_that_was_not_taken_is_published_by_the_next_run() -> None:
    bench = Bench()

    def refuse(_message: ModelReleased) -> None:
        raise Unavailable("Pub/Sub did not take the message.")

    bench.publish = refuse
    bench.drop("week1.csv")
    with pytest.raises(Unavailable):
        bench.run("run-1")
    assert (bench.pointer.epoch, bench.registry.notified_epoch()[1]) == (1, 0)
    bench.publish = lambda _message: None
    bench.run("run-2")
    assert [(message.epoch, message.version) for message in bench.published] == [(1, 1)]
    bench.assert_in_order()


def test_missing_receipts_are_written_again_as_they_were() -> None:
    bench = bench_with_one_model()
    before = bench.receipts()
    for name in before:
        bench.landing.delete(name)
    bench.run("run-2")
    assert bench.receipts() == before
    assert bench.trained == [1]


# Death


@pytest.mark.parametrize("who", ["its retry", "the next sweep"])
@pytest.mark.parametrize("point", CRASH_POINTS[:-1])  # `tracked` is passed after reconcile() has ended
def test_one_rerun_heals_a_death_at_any_point(point: str, who: str) -> None:
    bench = bench_with_one_model()
    bench.drop("week2.csv")
    stores = (bench.landing, bench.objects, bench.control)

    def die(_when: str = "") -> None:
        for store in stores:
            store.fault = die  # a dead process calls nothing, not even while its stack unwinds
        raise Killed

    with pytest.raises(Killed):
        bench.run("run-2", reached=at(point, die))
    for store in stores:
        store.fault = lambda _when: None
    bench.seconds += 2 * LEASE_S if who == "the next sweep" else 0
    bench.run("run-2" if who == "its retry" else "run-3")
    bench.assert_in_order()
    assert bench.pointer.champion == 2
