from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jobs.protocol.crash_points import CRASH_POINTS
from tests.simulation.baton import Killed
from tests.support.job.bench import LEASE_S, Bench, at, bench_with_one_model
from tests.support.models import release
from urgency.errors import Unavailable
from urgency.messages import ModelReleased

# Verdict and pointer


@pytest.mark.parametrize("decision", ["HOLD", "REJECT"])
def test_only_a_promoted_version_serves_and_the_receipt_says_so(decision: str) -> None:
    bench = bench_with_one_model()
    bench.decide = lambda _version, _champion: decision
    bench.drop("week2.csv")
    bench.run("run-2")
    assert bench.trained == [1, 2]
    assert bench.pointer.champion == 1
    (answer,) = (
        body
        for name, body in bench.receipts().items()
        if "week2" in name and name.endswith(".json")
    )
    assert json.loads(answer)["verdict"]["decision"] == decision


@pytest.mark.parametrize(("decision", "champion"), [("PROMOTE", 3), ("HOLD", 2)])
def test_a_verdict_against_another_champion_is_given_again(decision: str, champion: int) -> None:
    bench = bench_with_one_model()
    bench.decide = lambda version, champion: {(2, 1): "HOLD", (3, 2): decision}.get(
        (version, champion), "PROMOTE"
    )
    bench.drop("week2.csv")
    bench.run("run-2")
    second = bench.registry.manifest(2)
    assert second
    bench.drop("week3.csv")

    def an_operator_promotes_2() -> None:
        release(bench.registry, second)

    bench.run("run-3", reached=at("committed", an_operator_promotes_2))
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


def test_a_message_is_owed_also_while_the_bucket_is_empty() -> None:
    bench = bench_with_one_model()
    bench.landing.delete("incoming/week1.csv")
    first = bench.registry.manifest(1)
    assert first
    release(bench.registry, first)  # as by an operator whose command could not publish
    bench.run("run-2")
    assert [message.epoch for message in bench.published] == [1, 2]


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
@pytest.mark.parametrize(
    "point", CRASH_POINTS[:-1]
)  # `tracked` is passed after reconcile() has ended
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
