from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jobs.protocol.crash_points import CRASH_POINTS
from tests.simulation.turns import Killed
from tests.support.job.job_in_memory import LEASE_S, JobInMemory, at, job_with_one_model
from tests.support.models import release
from urgency.errors import Unavailable
from urgency.messages import ModelReleased

# Verdict and pointer

AFTER_THE_RUN = {"notice_published", "tracked"}
"""Passed when reconcile() has ended; what they leave is tested beside what passes them."""


@pytest.mark.parametrize("decision", ["HOLD", "REJECT"])
def test_only_a_promoted_version_serves_and_the_receipt_says_so(decision: str) -> None:
    job = job_with_one_model()
    job.decide = lambda _version, _champion: decision
    job.drop("week2.csv")
    job.run("run-2")
    assert job.trained == [1, 2]
    assert job.pointer.champion == 1
    (answer,) = (
        body for name, body in job.receipts().items() if "week2" in name and name.endswith(".json")
    )
    assert json.loads(answer)["verdict"]["decision"] == decision


@pytest.mark.parametrize(("decision", "champion"), [("PROMOTE", 3), ("HOLD", 2)])
def test_a_verdict_against_another_champion_is_given_again(decision: str, champion: int) -> None:
    job = job_with_one_model()
    job.decide = lambda version, champion: {(2, 1): "HOLD", (3, 2): decision}.get(
        (version, champion), "PROMOTE"
    )
    job.drop("week2.csv")
    job.run("run-2")
    second = job.registry.manifest(2)
    assert second
    job.drop("week3.csv")

    def an_operator_promotes_2() -> None:
        release(job.registry, second)

    job.run("run-3", reached=at("committed", an_operator_promotes_2))
    assert job.judged == [(3, 2)]
    assert job.pointer.champion == champion
    job.run("run-4")
    assert job.judged == [(3, 2)]
    job.assert_in_order()


def test_a_pinned_pointer_lets_versions_be_trained_and_stays() -> None:
    job = job_with_one_model()
    token, current = job.registry.current_release()
    job.registry.move_release(replace(current, epoch=2, pinned=True), token)
    job.drop("week2.csv")
    job.run("run-2")
    assert job.registry.model_numbers() == [1, 2]
    assert job.pointer == replace(current, epoch=2, pinned=True)


# Messages and receipts


def test_a_message_that_was_not_taken_is_published_by_the_next_run() -> None:
    job = JobInMemory()

    def refuse(_message: ModelReleased) -> None:
        raise Unavailable("Pub/Sub did not take the message.")

    job.publish = refuse
    job.drop("week1.csv")
    with pytest.raises(Unavailable):
        job.run("run-1")
    assert (job.pointer.epoch, job.registry.notified_epoch()[1]) == (1, 0)
    job.publish = lambda _message: None
    job.run("run-2")
    assert [(message.epoch, message.version) for message in job.published] == [(1, 1)]
    job.assert_in_order()


def test_a_message_is_owed_also_while_the_bucket_is_empty() -> None:
    job = job_with_one_model()
    job.landing.delete("incoming/week1.csv")
    first = job.registry.manifest(1)
    assert first
    release(job.registry, first)  # as by an operator whose command could not publish
    job.run("run-2")
    assert [message.epoch for message in job.published] == [1, 2]


def test_missing_receipts_are_written_again_as_they_were() -> None:
    job = job_with_one_model()
    before = job.receipts()
    for name in before:
        job.landing.delete(name)
    job.run("run-2")
    assert job.receipts() == before
    assert job.trained == [1]


# Death


@pytest.mark.parametrize("who", ["its retry", "the next sweep"])
@pytest.mark.parametrize("point", [one for one in CRASH_POINTS if one not in AFTER_THE_RUN])
def test_one_rerun_heals_a_death_at_any_point(point: str, who: str) -> None:
    job = job_with_one_model()
    job.drop("week2.csv")
    stores = (job.landing, job.objects, job.control)

    def die(_when: str = "") -> None:
        for store in stores:
            store.fault = die  # a dead process calls nothing, not even while its stack unwinds
        raise Killed

    with pytest.raises(Killed):
        job.run("run-2", reached=at(point, die))
    for store in stores:
        store.fault = lambda _when: None
    job.seconds += 2 * LEASE_S if who == "the next sweep" else 0
    job.run("run-2" if who == "its retry" else "run-3")
    job.assert_in_order()
    assert job.pointer.champion == 2
