"""The training job as a process on this machine that has the job's identity."""

import subprocess
import sys

from cli.context import Local
from infra.local.containers import environment_for, localised
from infra.local.pocket.identity import Identity
from infra.local.wiring_file import load_wiring

JOB = "train"


def run_job(local: Local, *arguments: str) -> int:
    """Exit code of the job run with `arguments`; the local cloud runs jobs as configured only."""
    command = [sys.executable, "-m", "jobs", *arguments]
    return subprocess.run(command, env=_job_environment(local), check=False).returncode


def _job_environment(local: Local) -> dict[str, str]:
    pocket = local.stack.urls.pocket
    wiring = localised(load_wiring(), pocket, {})
    job = wiring.job(JOB)
    account = job.service_account.partition("@")[0]
    identity = Identity(local.home.cloud, wiring)
    return environment_for(
        job,
        port=None,
        pocket=pocket,
        identity=identity.environment(account, pocket.removeprefix("http://")),
        inherited=local.environ,
    )
