"""The drift job as a real process with its own identity, against a pocket cloud."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import Cloud, cloud, without
from tests.support.job.job_process import job_environment, run_job

START = """
import os
from jobs.start import start_run
from urgency.errors import UrgencyError
from urgency.settings import read_settings
settings = read_settings(os.environ)
try:
    print(start_run(settings, settings.train_job))
except UrgencyError as error:
    print(type(error).__name__, error)
"""


def start(place: Cloud, **changed: str) -> str:
    """What comes of starting the training job as the drift job does."""
    environment = job_environment(place, "drift-1", "drift") | changed
    command, cwd = [sys.executable, "-c", START], str(CHECKOUT)
    environment |= {"PYTHONPATH": cwd}
    return subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, check=True
    ).stdout


def test_before_the_first_release_a_night_has_nothing_to_do_and_does_not_fail(
    tmp_path: Path,
) -> None:
    with cloud(tmp_path) as place:
        ended = run_job(job_environment(place, "drift-1", "drift"), "drift")
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["message"] for line in ended.stderr.splitlines()] == [
        "nothing_released"
    ]


def test_it_starts_the_training_job_and_no_other(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        name = start(place).strip()
        [asked] = place.hops("job_execution_requested")
        assert (asked["execution"], asked["job"]) == (name, "train")
        assert asked["who"].startswith("urgency-drift@")
        assert "may not start the job score" in start(place, URGENCY_TRAIN_JOB="score")


@pytest.mark.parametrize(
    ("endpoint", "error"), [("", "Forbidden"), ("http://127.0.0.1:1", "Unavailable")]
)
def test_a_start_that_is_refused_or_not_answered_is_an_error_of_ours(
    endpoint: str, error: str, tmp_path: Path
) -> None:
    with cloud(tmp_path, without("roles/run.jobsExecutor", "jobs/train")) as place:
        changed = {"URGENCY_RUN_ENDPOINT": endpoint} if endpoint else {}
        assert start(place, **changed).startswith(error)
