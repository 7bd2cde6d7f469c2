"""The Beam pipelines as real processes of their own environment, against a pocket cloud."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import pytest

from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import Cloud
from tests.support.job.job_process import job_environment

PYTHON = CHECKOUT / ".venv-beam/bin/python"
ASKED_FOR = pytest.mark.skipif("URGENCY_BEAM" not in os.environ, reason="make test-beam runs it")
INSTALLED = pytest.mark.skipif(not PYTHON.exists(), reason="Beam is not installed here")


def run_pipeline(
    place: Cloud, arguments: Sequence[str], job: str, account: str = ""
) -> subprocess.CompletedProcess[str]:
    """Python with these arguments and the environment of `job`, to its end; as its account, or
    as another one.
    """
    environment = job_environment(place, "beam-test1", job) | {"PYTHONPATH": str(CHECKOUT)}
    if account:
        environment |= place.identity.environment(account, place.url.removeprefix("http://"))
    return subprocess.run(
        [PYTHON, *arguments],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
