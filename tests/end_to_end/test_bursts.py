"""Doubled and shuffled deliveries, and many files at once, make few models and lose nothing."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from infra.local.pocket.identity import Identity
from infra.local.state import running_stack
from infra.local.wiring_file import load_wiring
from tests.end_to_end.test_crash_points import bucket, ticket_files
from tests.support.cloud.live_stack import LiveStack, live_stack
from tests.support.cloud.whole_cloud import cloud
from tests.support.job.job_process import job_environment, train
from tests.support.waiting import eventually
from urgency.store import ABSENT


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LiveStack]:
    with live_stack(tmp_path) as running:
        yield running


def test_20_doubled_and_shuffled_deliveries_of_one_event_make_one_manifest(
    stack: LiveStack,
) -> None:
    assert stack.urgency("drop", "data/tickets.csv", "--wait").code == 0
    [landed] = [hop for hop in stack.hops("object_finalize") if "incoming/" in json.dumps(hop)]
    [row] = stack.urgency("receipts", "--json").json
    resource = {
        "name": row["file"],
        "generation": str(row["generation"]),
        "size": "9",
        "timeCreated": landed["time"],
    }
    running = running_stack(stack.home)
    assert running is not None
    subscription = next(one for one in load_wiring().subscriptions if one.name == "on-csv-landed")
    assert subscription.push is not None
    token = Identity(stack.home.cloud, load_wiring()).id_token(
        subscription.push.service_account, subscription.push.audience
    )

    def deliver(number: int) -> int:
        data = base64.b64encode(json.dumps(resource).encode()).decode()
        body = {
            "message": {"data": data, "messageId": str(number)},
            "subscription": subscription.name,
        }
        url = running.urls.functions["on-csv-landed"]
        return requests.post(
            url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60
        ).status_code

    numbers = [*range(10), *range(10)]
    random.Random(0).shuffle(numbers)
    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(deliver, numbers)) == {200}
    requested, ended = "job_execution_requested", "job_execution_ended"
    eventually(lambda: len(stack.hops(ended)) == len(stack.hops(requested)), timeout_s=120)
    assert [model["version"] for model in stack.urgency("models", "--json").json] == [1]


def test_200_files_already_there_make_at_most_3_trainings_and_each_has_a_receipt(
    tmp_path: Path,
) -> None:
    [body] = ticket_files(1)
    header, *lines = body.decode().split("SYN-")
    with cloud(tmp_path) as place:
        landing = bucket(place, "landing", "operator")
        for number in range(200):
            part = header + "".join(f"SYN-{line}" for line in lines[number * 3 : number * 3 + 3])
            landing.put(f"incoming/{number:03d}.csv", part.encode(), ABSENT)
        ended = train(job_environment(place))
        assert ended.returncode == 0, ended.stderr
        models = [listed.name for listed in bucket(place, "registry", "operator").list("models/")]
        assert 1 <= len(models) <= 3
        assert len(list(landing.list("receipts/"))) == 400
