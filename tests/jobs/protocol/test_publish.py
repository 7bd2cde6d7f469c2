"""A release is published over a real socket, and a refusal is told from an outage."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.protocol.publish import Publish, beat
from tests.support.cloud.whole_cloud import WIRING, cloud, without
from tests.support.job.job_process import job_environment
from tests.support.models import registry_with
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Forbidden, Unavailable
from urgency.logs import Log
from urgency.messages import Heartbeat, ModelReleased
from urgency.registry import Registry

PUBLISH = """
import os
from jobs.protocol.publish import publisher
from urgency.errors import UrgencyError
from urgency.messages import ModelReleased
from urgency.settings import read_settings
try:
    publisher(read_settings(os.environ))(ModelReleased(7, 3, "train-x"))
except UrgencyError as error:
    print(type(error).__name__)
else:
    print("published")
"""


def publish(environment: dict[str, str]) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", PUBLISH], env=environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_a_message_arrives_on_the_topic_as_the_jobs_identity(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        assert publish(job_environment(place)) == "published"
        [published] = place.hops("message_published")
    assert published["topic"] == "model-released"
    assert published["who"].startswith("urgency-train@")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"URGENCY_RELEASE_TOPIC": "no-such-topic"}, "Forbidden"),
        ({"URGENCY_PUBSUB_ENDPOINT": "http://127.0.0.1:1"}, "Unavailable"),
    ],
)
def test_what_can_heal_is_unavailable_and_what_cannot_is_forbidden(
    tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    with cloud(tmp_path) as place:
        assert publish(job_environment(place) | changes) == told


def beaten(epoch: int, publish: Publish) -> list[str]:
    """Events that a run logs whose pointer was at `epoch` when it began; it is at 1 now."""
    registry, written = registry_with(1), io.StringIO()
    beat(registry, publish, "train-x", Log(stream=written), epoch=epoch)
    return [json.loads(line)["message"] for line in written.getvalue().splitlines()]


def test_a_run_that_released_nothing_beats() -> None:
    sent: list[ModelReleased | Heartbeat] = []
    assert beaten(1, sent.append) == ["heartbeat"]
    assert sent == [Heartbeat("train-x")]


def test_a_release_is_a_sign_of_life_itself() -> None:
    sent: list[ModelReleased | Heartbeat] = []
    assert (beaten(0, sent.append), sent) == ([], [])


@pytest.mark.parametrize("error", [Forbidden("no"), Unavailable("later")])
def test_a_heartbeat_that_cannot_be_sent_is_said_and_fails_no_run(error: Exception) -> None:
    def refuse(_message: object) -> None:
        raise error

    assert beaten(1, refuse) == ["heartbeat_not_sent"]


def test_without_a_model_there_is_nothing_to_call_for() -> None:
    sent: list[ModelReleased | Heartbeat] = []
    registry = Registry(MemoryStore(), MemoryStore())
    beat(registry, sent.append, "train-x", Log(stream=io.StringIO()), epoch=0)
    assert sent == []


def test_without_the_grant_it_is_forbidden(tmp_path: Path) -> None:
    with cloud(
        tmp_path, without("roles/pubsub.publisher", "topics/model-released", WIRING)
    ) as place:
        assert publish(job_environment(place)) == "Forbidden"
