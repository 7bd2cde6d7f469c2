"""Executions of Cloud Run jobs as subprocesses, with the container contract of the real thing.

https://cloud.google.com/run/docs/container-contract#jobs-env-vars
"""

import secrets
import string
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from infra.local.processes import Process, launch, stop_all
from infra.local.timeline import Timeline
from infra.local.wiring import Container

AT_ONCE = 4
"""Executions side by side; more wait, as a laptop has few cores."""
RETRY_PAUSE_S = 5.0
GRACE_S = 10.0
"""Between SIGTERM and SIGKILL when a task runs out of time, as in Cloud Run."""


class State(Enum):
    """Of an execution."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Execution:
    """One run of a job: one task, tried until it succeeds or its retries are used up."""

    name: str
    job: str
    created: datetime
    state: State = State.PENDING
    started: datetime | None = None
    completed: datetime | None = None
    retried: int = 0
    message: str = ""


@dataclass(frozen=True)
class Job:
    """A container of the wiring, with its command and environment on this machine."""

    container: Container
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


class Executions:
    """Runs jobs; the output goes to `<logs>/<execution>.log`. `speedup` divides retry pauses.

    `resume` finds executions that a stop cut off by their files `<logs>/<execution>.unfinished`.
    """

    def __init__(
        self, jobs: Sequence[Job], logs: Path, timeline: Timeline, *, speedup: float = 1.0
    ) -> None:
        self.jobs = {job.container.name: job for job in jobs}
        self.executions: dict[str, Execution] = {}
        self._logs = logs
        self._timeline = timeline
        self._pause_s = RETRY_PAUSE_S / speedup
        self._tasks = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="execution")
        self._running: list[Process] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def run(self, job: str, *, who: str) -> Execution:
        """Start an execution of `job`, requested by `who` (an e-mail)."""
        suffix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
        execution = Execution(f"{job}-{suffix}", job, datetime.now(UTC))
        self._timeline.note("job_execution_requested", who, job=job, execution=execution.name)
        self._unfinished(execution.name).write_text(job)
        self._submit(execution)
        return execution

    def resume(self) -> None:
        """Start again, under their names, the executions that the last stop cut off."""
        for marker in sorted(self._logs.glob("*.unfinished")):
            if (job := marker.read_text()) in self.jobs:
                self._submit(Execution(marker.stem, job, datetime.now(UTC)))

    def of(self, job: str) -> list[Execution]:
        """The executions of `job`, latest first, as Cloud Run lists them."""
        return [one for one in reversed(list(self.executions.values())) if one.job == job]

    def stop(self, grace_s: float) -> None:
        """Cancel all that wait or run; processes get SIGTERM, then `grace_s`, then SIGKILL."""
        with self._lock:
            self._stopping.set()
            running = list(self._running)
        stop_all(running, grace_s)
        self._tasks.shutdown()

    def _unfinished(self, execution: str) -> Path:
        return self._logs / f"{execution}.unfinished"

    def _submit(self, execution: Execution) -> None:
        self.executions[execution.name] = execution
        self._tasks.submit(self._execute, execution)

    def _execute(self, execution: Execution) -> None:
        account = self.jobs[execution.job].container.service_account
        names = {"job": execution.job, "execution": execution.name}
        execution.started, execution.state = datetime.now(UTC), State.RUNNING
        self._timeline.note("job_execution_started", account, **names)
        execution.state = self._attempts(execution)
        execution.completed = datetime.now(UTC)
        if execution.state is not State.CANCELLED:
            self._unfinished(execution.name).unlink(missing_ok=True)
        self._timeline.note(
            "job_execution_ended",
            account,
            **names,
            state=execution.state.value,
            retried=execution.retried,
            seconds=round((execution.completed - execution.started).total_seconds(), 3),
        )

    def _attempts(self, execution: Execution) -> State:
        retries = self.jobs[execution.job].container.max_retries
        for attempt in range(retries + 1):
            execution.retried = attempt
            problem = self._attempt(execution, attempt)
            if problem is None:
                return State.SUCCEEDED
            if self._stopping.is_set():
                return State.CANCELLED
            execution.message = f"Task {execution.name}-task0 failed with message: {problem}"
            self._timeline.note(
                "job_attempt_failed", execution.job, execution=execution.name, attempt=attempt
            )
            if attempt < retries:
                self._stopping.wait(self._pause_s)
        return State.FAILED

    def _attempt(self, execution: Execution, attempt: int) -> str | None:
        """Run the container once; None where it succeeded, else what went wrong."""
        process = self._launch(execution, attempt)
        if process is None:
            return "The execution was cancelled."
        timeout_s = self.jobs[execution.job].container.timeout_s
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            stop_all([process], GRACE_S)
            return f"The configured timeout of {timeout_s:g} s was reached."
        finally:
            with self._lock:
                self._running.remove(process)
        return None if code == 0 else f"The container exited with an error (exit code {code})."

    def _launch(self, execution: Execution, attempt: int) -> Process | None:
        job = self.jobs[execution.job]
        contract = {
            "CLOUD_RUN_JOB": execution.job,
            "CLOUD_RUN_EXECUTION": execution.name,
            "CLOUD_RUN_TASK_INDEX": "0",
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
            "CLOUD_RUN_TASK_COUNT": "1",
        }
        log_file = self._logs / f"{execution.name}.log"
        with self._lock:
            if self._stopping.is_set():
                return None
            process = launch(job.command, {**job.environment, **contract}, job.folder, log_file)
            self._running.append(process)
        return process
