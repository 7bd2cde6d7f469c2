from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, NotFound
from google.cloud import run_v2

from infra.local.wiring import Wiring
from tests.support.cloud.programs import is_alive
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud, granting, with_jobs
from tests.support.waiting import eventually

JOB = WIRING.job("train")
PARENT = f"projects/{WIRING.project}/locations/{WIRING.region}/jobs/{JOB.name}"
WATCHED = granting(("roles/run.viewer", f"jobs/{JOB.name}"))
SUCCEEDED, FAILED = (
    run_v2.Condition.State.CONDITION_SUCCEEDED,
    run_v2.Condition.State.CONDITION_FAILED,
)


def jobs(place: Cloud, account: str = "urgency-trigger") -> run_v2.JobsClient:
    return run_v2.JobsClient(transport="rest", **place.options(account))


def executions(place: Cloud) -> run_v2.ExecutionsClient:
    return run_v2.ExecutionsClient(transport="rest", **place.options())


def start(place: Cloud) -> str:
    """Run the job as the function does, without waiting; the execution's full name."""
    return str(jobs(place).run_job(name=PARENT).metadata.name)


def finished(place: Cloud, execution: str) -> run_v2.Execution:
    def done() -> Any:
        found = executions(place).get_execution(name=execution)
        return found if found.completion_time else None

    return eventually(done)


def log_of(place: Cloud, execution: str) -> str:
    file = place.home.execution_logs / f"{execution.rsplit('/', 1)[1]}.log"
    return file.read_text() if file.exists() else ""


def retrying(times: int) -> Wiring:
    return with_jobs(WATCHED, max_retries=times)


def test_a_job_gets_its_environment_and_the_variables_of_cloud_run(tmp_path: Path) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    with cloud(tmp_path, WATCHED, job=show, environment={"URGENCY_PROJECT": "p"}) as place:
        name = start(place)
        assert finished(place, name).conditions[0].state is SUCCEEDED
        seen = json.loads(log_of(place, name))
    assert seen["URGENCY_PROJECT"] == "p"
    assert {key: value for key, value in seen.items() if key.startswith("CLOUD_RUN_")} == {
        "CLOUD_RUN_JOB": JOB.name,
        "CLOUD_RUN_EXECUTION": name.rsplit("/", 1)[1],
        "CLOUD_RUN_TASK_INDEX": "0",
        "CLOUD_RUN_TASK_ATTEMPT": "0",
        "CLOUD_RUN_TASK_COUNT": "1",
    }


def test_the_clients_see_one_execution_by_every_way(tmp_path: Path) -> None:
    with cloud(tmp_path, WATCHED, job="print('done')") as place:
        operation = jobs(place, "operator").run_job(name=PARENT)
        result = operation.result(timeout=60)
        assert (result.name, result.succeeded_count, result.retried_count) == (
            operation.metadata.name,
            1,
            0,
        )
        assert [one.name for one in executions(place).list_executions(parent=PARENT)] == [
            result.name
        ]
        job = jobs(place, "operator").get_job(name=PARENT)
        assert (job.execution_count, job.template.template.max_retries) == (1, JOB.max_retries)
        assert job.latest_created_execution.name == result.name.rsplit("/", 1)[1]


def test_a_failing_attempt_is_repeated_with_its_number_until_one_succeeds(tmp_path: Path) -> None:
    third_time_lucky = (
        "import os; n = int(os.environ['CLOUD_RUN_TASK_ATTEMPT']); print('attempt', n); exit(n < 2)"
    )
    with cloud(tmp_path, retrying(3), job=third_time_lucky) as place:
        done = finished(place, name := start(place))
        assert (done.succeeded_count, done.failed_count, done.retried_count) == (1, 0, 2)
        assert log_of(place, name).split("\n") == ["attempt 0", "attempt 1", "attempt 2", ""]


def test_when_the_retries_are_used_up_the_execution_has_failed_and_says_how(tmp_path: Path) -> None:
    with cloud(tmp_path, retrying(1), job="exit(7)") as place:
        done = finished(place, start(place))
        assert (done.failed_count, done.retried_count, done.conditions[0].state) == (1, 1, FAILED)
        assert "exit code 7" in done.conditions[0].message
        operation = jobs(place).run_job(name=PARENT)
        with pytest.raises(Exception, match="exit code 7"):
            jobs(place, "operator").run_job(name=PARENT).result(timeout=60)
        assert finished(place, operation.metadata.name).failed_count == 1


def test_a_task_that_runs_out_of_time_gets_a_sigterm(tmp_path: Path) -> None:
    polite = """
import signal, sys, time
def leave(*_):
    print("leaving", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
time.sleep(60)
"""
    with cloud(tmp_path, with_jobs(WATCHED, max_retries=0, timeout_s=3.0), job=polite) as place:
        done = finished(place, name := start(place))
        assert done.failed_count == 1
        assert "timeout of 3 s" in done.conditions[0].message
        assert log_of(place, name) == "leaving\n"


def test_stopping_the_cloud_cancels_what_runs_even_a_task_that_will_not_listen(
    tmp_path: Path,
) -> None:
    stubborn = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(3600)  # longer than a test may take
"""
    with cloud(tmp_path, WATCHED, job=stubborn) as place:
        name = start(place)
        pids = [int(pid) for pid in eventually(lambda: log_of(place, name)).split()]
    assert [line["state"] for line in place.hops("job_execution_ended")] == ["cancelled"]
    for pid in pids:
        eventually(lambda pid=pid: not is_alive(pid))


def test_an_execution_cut_off_by_the_stop_goes_on_under_its_name_after_the_next_start(
    tmp_path: Path,
) -> None:
    once = f"""
import os, pathlib, time
print("attempt", flush=True)
if (seen := pathlib.Path({str(tmp_path)!r}, "seen")).exists(): raise SystemExit(0)
seen.touch()
time.sleep(60)
"""
    with cloud(tmp_path, WATCHED, job=once) as place:
        name = start(place)
        eventually(lambda: log_of(place, name))
    with cloud(tmp_path, WATCHED, job=once) as place:
        assert finished(place, name).succeeded_count == 1
        assert log_of(place, name) == "attempt\nattempt\n"
    with cloud(tmp_path, WATCHED, job=once) as place:
        assert not list(executions(place).list_executions(parent=PARENT))


def test_executions_of_one_job_run_side_by_side(tmp_path: Path) -> None:
    meet = f"""
import pathlib, time
mine = pathlib.Path({str(tmp_path)!r}) / __import__("os").environ["CLOUD_RUN_EXECUTION"]
mine.with_suffix(".here").touch()
while len(list(mine.parent.glob("*.here"))) < 2: time.sleep(.01)
"""
    with cloud(tmp_path, with_jobs(WATCHED, timeout_s=60.0, max_retries=0), job=meet) as place:
        names = [start(place), start(place)]
        assert [finished(place, name).succeeded_count for name in names] == [1, 1]


def test_overrides_need_another_role(tmp_path: Path) -> None:
    overrides = {"container_overrides": [{"args": ["evil"]}]}
    with cloud(tmp_path, WATCHED) as place, pytest.raises(Forbidden, match="runWithOverrides"):
        jobs(place).run_job(request={"name": PARENT, "overrides": overrides})


def test_who_has_no_grant_starts_nothing(tmp_path: Path) -> None:
    with cloud(tmp_path, WATCHED) as place:
        with pytest.raises(Forbidden, match=r"run\.jobs\.run"):
            jobs(place, "urgency-serve").run_job(name=PARENT)
        assert not list(executions(place).list_executions(parent=PARENT))


def test_unknown_jobs_and_executions_are_not_found(tmp_path: Path) -> None:
    with cloud(tmp_path, WATCHED) as place:
        with pytest.raises(NotFound, match="kind 'JOB'"):
            jobs(place).run_job(name=PARENT + "x")
        with pytest.raises(NotFound, match="kind 'EXECUTION'"):
            executions(place).get_execution(name=f"{PARENT}/executions/none")
