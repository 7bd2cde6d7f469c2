"""What another run stored first counts, not what this run made."""

from __future__ import annotations

import json

from tests.support.job.job_in_memory import LEASE_S, JobInMemory, at, job_with_one_model, promote
from tests.support.models import release
from urgency.bundle import Verdict


def hold(_version: int, _champion: int) -> str:
    return "HOLD"


def verdict_in_receipt(job: JobInMemory, file: str) -> tuple[str, int]:
    """Decision and champion that the receipt of `file` tells."""
    [body] = [b for name, b in job.receipts().items() if file in name and name.endswith(".json")]
    verdict = json.loads(body)["verdict"]
    return verdict["decision"], verdict["against"]


def test_the_manifest_that_was_committed_first_counts() -> None:
    job = job_with_one_model()
    job.drop("week2.csv")

    def another_run_commits() -> None:
        job.seconds += LEASE_S
        job.decide = hold
        job.run("run-3")
        job.decide = promote

    job.run("run-2", reached=at("blobs_put", another_run_commits))
    stored = job.registry.manifest(2)
    assert stored
    assert (stored.execution, stored.verdict.decision) == ("run-3", "HOLD")
    assert job.trained == [1, 2, 2]
    assert job.pointer.champion == 1


def two_versions_and_a_third_file() -> JobInMemory:
    """Version 2 is held against version 1; `week3.csv` has just landed."""
    job = job_with_one_model()
    job.decide = hold
    job.drop("week2.csv")
    job.run("run-2")
    job.decide = promote
    job.drop("week3.csv")
    return job


def promote_2(job: JobInMemory) -> None:
    second = job.registry.manifest(2)
    assert second
    release(job.registry, second)


def test_the_verdict_that_was_recorded_first_counts() -> None:
    job = two_versions_and_a_third_file()

    def decide(version: int, champion: int) -> str:
        if (version, champion) == (3, 2):
            job.registry.record_verdict(3, Verdict("HOLD", ("Another run said so.",), 2))
        return "PROMOTE"

    job.decide = decide
    job.run("run-3", reached=at("committed", lambda: promote_2(job)))
    assert job.judged == [(3, 2)]
    assert job.pointer.champion == 2


def test_a_receipt_tells_the_last_verdict() -> None:
    job = two_versions_and_a_third_file()
    job.decide = lambda version, champion: "REJECT" if (version, champion) == (3, 2) else "PROMOTE"
    job.run("run-3", reached=at("committed", lambda: promote_2(job)))
    third = job.registry.manifest(3)
    assert third
    assert (third.verdict.decision, third.verdict.against) == ("PROMOTE", 1)
    assert verdict_in_receipt(job, "week3.csv") == ("REJECT", 2)
