"""The training job as a real process against a pocket cloud."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.local.containers import environment_for
from tests.support.cloud.live_stack import CHECKOUT, user_environment
from tests.support.cloud.whole_cloud import Cloud


def job_environment(
    place: Cloud, execution: str = "train-test1", name: str = "train"
) -> dict[str, str]:
    """What Cloud Run would give the job, with `place` in place of Google's endpoints."""
    job = place.wiring.job(name)
    account = job.service_account.partition("@")[0]
    identity = place.identity.environment(account, place.url.removeprefix("http://"))
    environment = environment_for(
        job,
        port=None,
        pocket=place.url,
        identity=identity,
        inherited=user_environment(place.home.root),
    )
    return environment | {"CLOUD_RUN_EXECUTION": execution}


def train(
    environment: Mapping[str, str], *options: str, code: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    """`python -m jobs train` of the `code` in this folder, to its end."""
    return run_job(environment, "train", *options, code=code)


def run_job(
    environment: Mapping[str, str], *arguments: str, code: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    """`python -m jobs` with these arguments, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "jobs", *arguments],
        env=dict(environment) | {"PYTHONPATH": str(code)},
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
    )
