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
    place: Cloud, arguments: Sequence[str], job: str
) -> subprocess.CompletedProcess[str]:
    """Python with these arguments as the account of `job`, to its end."""
    return subprocess.run(
        [PYTHON, *arguments],
        env=job_environment(place, "beam-test1", job) | {"PYTHONPATH": str(CHECKOUT)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
