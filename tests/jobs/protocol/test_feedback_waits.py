"""Runs that find new feedback: it starts no training by itself, and none of it is lost."""

from __future__ import annotations

from tests.support.job.job_in_memory import JobInMemory, job_with_one_model
from urgency.records import LabelsAsked
from urgency.store import ABSENT

DAY_S = 86_400.0


def say(job: JobInMemory, name: str = "one") -> None:
    job.landing.overwrite(f"feedback/{name}.jsonl", b"{}")


def test_a_sweep_of_the_same_day_leaves_it_and_the_first_run_of_the_next_day_takes_it() -> None:
    job = job_with_one_model()
    say(job)
    job.run("sweep")
    assert job.newest.n == 1
    job.seconds += DAY_S
    job.run("nightly")
    assert job.newest.n == 2
    job.assert_in_order()


def test_a_dropped_file_takes_it_along() -> None:
    job = job_with_one_model()
    say(job)
    job.drop("week2.csv")
    job.run("run-2")
    assert [file.name for file in job.newest.files][-1] == "feedback/one.jsonl"
    job.assert_in_order()


def test_a_forced_run_takes_it() -> None:
    job = job_with_one_model()
    say(job)
    job.run("by-hand", force=True)
    assert job.newest.n == 2
    job.assert_in_order()


def test_what_comes_while_a_run_trains_waits_and_the_run_ends() -> None:
    job = JobInMemory()
    job.drop("week1.csv")
    job.work = lambda: say(job)
    job.run("run-1")
    assert job.trained == [1]


def test_feedback_alone_is_nothing_landed() -> None:
    job = JobInMemory()
    say(job)
    job.run("run-1")
    assert job.registry.newest_snapshot() is None
    assert len(job.facts("nothing_landed")) == 1


def test_after_drift_asked_for_labels_the_first_ones_are_taken_at_once_and_the_next_wait() -> None:
    job = job_with_one_model()
    job.seconds += 3_600
    job.registry.ask_labels(LabelsAsked(1, job.now()), ABSENT)
    job.run("started-by-drift")
    assert job.newest.n == 1, "nothing is new yet"
    job.seconds += 3_600
    say(job)
    job.run("sweep")
    assert job.newest.n == 2
    job.assert_in_order()
    say(job, "two")
    job.run("sweep-2")
    assert job.newest.n == 2
