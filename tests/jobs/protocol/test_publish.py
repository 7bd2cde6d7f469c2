"""A release is published over a real socket, and a refusal is told from an outage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cloud.whole_cloud import WIRING, cloud, without
from tests.support.job.job_process import job_environment

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


def test_without_the_grant_it_is_forbidden(tmp_path: Path) -> None:
    with cloud(
        tmp_path, without("roles/pubsub.publisher", "topics/model-released", WIRING)
    ) as place:
        assert publish(job_environment(place)) == "Forbidden"
