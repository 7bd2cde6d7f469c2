"""Log sinks as Google documents them: objects by log and hour, entries one a line, each once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from jobs.drift.lines import read_observed
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud, without
from tests.support.waiting import eventually
from urgency.observed import no_counts
from urgency.store import CloudBucket

[SINK] = WIRING.log_sinks
SERVICE = WIRING.services[0].name
LINE = {"severity": "INFO", "time": "2026-03-04T05:06:07.008Z", "version": 7}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Cloud]:
    with cloud(tmp_path) as running:
        yield running


def write(place: Cloud, *events: str, time: str = LINE["time"], instance: int = 1) -> None:
    lines = [LINE | {"message": event, "time": time, **no_counts().members()} for event in events]
    with (place.home.logs / f"{SERVICE}-{instance}.log").open("a") as log:
        log.writelines(json.dumps(line) + "\n" for line in lines)


def client(place: Cloud) -> storage.Client:
    return storage.Client(project=WIRING.project, **place.options())


def laid(place: Cloud) -> dict[str, list[dict[str, Any]]]:
    blobs = client(place).list_blobs(SINK.bucket)
    return {blob.name: [*map(json.loads, blob.download_as_text().splitlines())] for blob in blobs}


def test_what_passes_the_filter_is_laid_down_by_hour(running: Cloud) -> None:
    write(running, "observed", "model_loaded", "observed")
    write(running, "observed", time="2026-03-04T06:00:00.000Z", instance=2)
    eventually(lambda: sum(map(len, laid(running).values())) == 3)
    objects = laid(running)
    folder = "run.googleapis.com/stderr/2026/03/04"
    names = [f"{folder}/05:00:00_05:59:59_S0.json", f"{folder}/06:00:00_06:59:59_S0.json"]
    assert list(objects) == names
    entry = objects[names[0]][0]
    assert entry["timestamp"] == LINE["time"]
    assert entry["jsonPayload"]["message"] == "observed"
    assert "severity" not in entry["jsonPayload"]
    assert entry["resource"]["labels"]["service_name"] == SERVICE
    assert entry["logName"].endswith("/logs/run.googleapis.com%2Fstderr")
    assert len({one["insertId"] for one in objects[names[0]]}) == 2


def test_the_same_hour_later_is_another_shard_and_no_line_comes_twice(tmp_path: Path) -> None:
    for turn in range(3):
        with cloud(tmp_path) as running:
            write(running, "observed")
            eventually(lambda turn=turn, place=running: len(laid(place)) == turn + 1)
            names = [*laid(running)]
            assert [len(entries) for entries in laid(running).values()] == [1] * (turn + 1)
    assert [name[-8:-5] for name in names] == ["_S0", "_S1", "_S2"]


def test_half_a_line_and_lines_of_libraries_wait_or_are_passed_over(running: Cloud) -> None:
    file = running.home.logs / f"{SERVICE}-1.log"
    file.write_text(
        "Traceback: no JSON\n[1, 2]\n" + json.dumps(LINE | {"message": "observed"})[:30]
    )
    write(running, "observed", instance=2)
    eventually(lambda: len(laid(running)) == 1)
    with file.open("a") as log:
        log.write(json.dumps(LINE | {"message": "observed", "n": 1})[30:] + "\n")
    eventually(lambda: len(laid(running)) == 2)


def test_without_its_grant_a_sink_lays_nothing(tmp_path: Path) -> None:
    wiring = without("roles/storage.objectCreator", f"buckets/{SINK.bucket}")
    with cloud(tmp_path, wiring) as running:
        write(running, "observed")
        eventually(lambda: running.hops("sink_refused"))
        assert laid(running) == {}


def test_the_drift_job_reads_what_is_laid_down(running: Cloud) -> None:
    write(running, "observed", "observed")
    eventually(lambda: len(laid(running)) == 1)
    bucket = CloudBucket(client(running), SINK.bucket, timeout_s=60)
    observed = read_observed(bucket, datetime(2026, 3, 4, tzinfo=UTC).date())
    assert [*observed.versions] == [7]
    assert observed.unreadable == 0
