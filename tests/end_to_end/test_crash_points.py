"""SIGKILL at every named point of a real job process; one rerun, and doctor finds nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
from pathlib import Path

import pytest
from google.cloud import storage

from infra.local.containers import operator_environment
from jobs.protocol.crash_points import CRASH_POINTS
from tests.support.cloud.live_stack import BIN, CHECKOUT, run, user_environment
from tests.support.cloud.whole_cloud import Cloud, cloud
from tests.support.job.job_process import job_environment, train
from urgency.registry import Registry
from urgency.store import ABSENT, CloudBucket

ROUNDS = 3 if os.environ.get("URGENCY_PROVE") else 1


def ticket_files(count: int) -> list[bytes]:
    """`count` files of 700 of the synthetic tickets each."""
    with (CHECKOUT / "data/tickets.csv").open(newline="") as source:
        header, *rows = csv.reader(source)
    files = []
    for start in range(0, 700 * count, 700):
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows[start : start + 700]])
        files.append(text.getvalue().encode())
    return files


def bucket(place: Cloud, kind: str, account: str) -> CloudBucket:
    client = storage.Client(project=place.wiring.project, **place.options(account))
    [name] = [name for name in place.wiring.buckets if name.endswith(kind)]
    return CloudBucket(client, name, timeout_s=60)


def doctor(place: Cloud) -> list[dict[str, str]]:
    identity = place.identity.environment("operator", place.url.removeprefix("http://"))
    operator = operator_environment(
        place.wiring, pocket=place.url, service=place.url, identity=identity
    )
    result = run(
        [str(BIN / "urgency"), "doctor", "--json"], user_environment(place.home.root) | operator
    )
    findings: list[dict[str, str]] = json.loads(result.out)["findings"]
    return [
        finding for finding in findings if finding["check"] != "instances_follow"
    ]  # there is no service here


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_a_run_killed_there_is_healed_by_one_rerun(point: str, tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        landing = bucket(place, "landing", "operator")
        environment = job_environment(place)
        for round_, body in enumerate(ticket_files(ROUNDS)):
            landing.put(f"incoming/{round_}.csv", body, ABSENT)
            assert train(environment | {"URGENCY_CRASH_AT": point}).returncode == -signal.SIGKILL
            assert train(environment).returncode == 0
            assert doctor(place) == []
            registry = Registry(
                bucket(place, "registry", "operator"), bucket(place, "control", "operator")
            )
            assert registry.model_numbers() == list(range(1, round_ + 2)), (
                "one manifest for each snapshot"
            )
            assert registry.notified_epoch()[1] == registry.current_release()[1].epoch
            receipts = [listed.name for listed in landing.list("receipts/")]
            assert len(receipts) == 2 * (round_ + 1)
