"""Executions of Cloud Run jobs as subprocesses, with the container contract of the real thing.

https://cloud.google.com/run/docs/container-contract#jobs-env-vars
"""

import json
import secrets
import string
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from infra.local.processes import Process, launch, stop_all
from infra.local.timeline import Timeline
from infra.local.wiring import Container

AT_ONCE = 4
"""Tasks side by side, of all executions; more wait, as a laptop has few cores."""
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


@dataclass(frozen=True)
class Overrides:
    """What one execution has otherwise than its job; None: as the job has it."""

    args: tuple[str, ...] | None = None
    task_count: int | None = None


AS_CONFIGURED = Overrides()


@dataclass
class Execution:
    """One run of a job: tasks, each tried until it succeeds or its retries are used up.

    `tasks`: the state of each.   `retried`: attempts of all tasks beyond their first ones.
    """

    name: str
    job: str
    created: datetime
    overrides: Overrides
    tasks: list[State]
    state: State = State.PENDING
    started: datetime | None = None
    completed: datetime | None = None
    retried: int = 0
    retried_tasks: int = 0
    message: str = ""

    def count(self, state: State) -> int:
        """How many tasks are in this state."""
        return self.tasks.count(state)


@dataclass(frozen=True)
class Job:
    """A container of the wiring, with its command and environment on this machine.

    command: of the container, which may have other arguments than the wiring's.
    """

    container: Container
    command: Callable[[Container], Sequence[str]]
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

    def run(self, job: str, *, who: str, overrides: Overrides = AS_CONFIGURED) -> Execution:
        """Start an execution of `job`, requested by `who` (an e-mail)."""
        suffix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
        name = f"{job}-{suffix}"
        self._timeline.note("job_execution_requested", who, job=job, execution=name)
        marker = {"job": job, "args": overrides.args, "task_count": overrides.task_count}
        self._unfinished(name).write_text(json.dumps(marker))
        return self._submit(name, job, overrides)

    def resume(self) -> None:
        """Start again, under their names, the executions that the last stop cut off."""
        for marker in sorted(self._logs.glob("*.unfinished")):
            cut_off = json.loads(marker.read_text())
            if cut_off["job"] in self.jobs:
                args = cut_off["args"] and tuple(cut_off["args"])
                overrides = Overrides(args, cut_off["task_count"])
                self._submit(marker.stem, cut_off["job"], overrides)

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

    def _submit(self, name: str, job: str, overrides: Overrides) -> Execution:
        container = self.jobs[job].container
        tasks = [State.PENDING] * (overrides.task_count or container.task_count)
        execution = Execution(name, job, datetime.now(UTC), overrides, tasks)
        self.executions[name] = execution
        lanes = min(len(tasks), container.parallelism or len(tasks))
        for lane in range(lanes):
            self._tasks.submit(self._run_tasks, execution, range(lane, len(tasks), lanes))
        return execution

    def _run_tasks(self, execution: Execution, indexes: range) -> None:
        """Run these tasks one after the other."""
        for index in indexes:
            self._begin(execution)
            execution.tasks[index] = State.RUNNING
            execution.tasks[index] = self._attempts(execution, index)
            self._end(execution)

    def _begin(self, execution: Execution) -> None:
        with self._lock:
            if execution.state is not State.PENDING:
                return
            execution.started, execution.state = datetime.now(UTC), State.RUNNING
        account = self.jobs[execution.job].container.service_account
        names = {"job": execution.job, "execution": execution.name}
        self._timeline.note("job_execution_started", account, **names)

    def _end(self, execution: Execution) -> None:
        """End the execution where this was its last task."""
        with self._lock:
            if execution.completed or {State.PENDING, State.RUNNING} & {*execution.tasks}:
                return
            execution.completed = datetime.now(UTC)
            bad = (one for one in (State.CANCELLED, State.FAILED) if one in execution.tasks)
            execution.state = next(bad, State.SUCCEEDED)
        if execution.state is not State.CANCELLED:
            self._unfinished(execution.name).unlink(missing_ok=True)
        started = execution.started or execution.completed
        self._timeline.note(
            "job_execution_ended",
            self.jobs[execution.job].container.service_account,
            job=execution.job,
            execution=execution.name,
            state=execution.state.value,
            retried=execution.retried,
            seconds=round((execution.completed - started).total_seconds(), 3),
        )

    def _attempts(self, execution: Execution, index: int) -> State:
        retries = self.jobs[execution.job].container.max_retries
        for attempt in range(retries + 1):
            self._count_retry(execution, attempt)
            problem = self._attempt(execution, index, attempt)
            if problem is None:
                return State.SUCCEEDED
            if self._stopping.is_set():
                return State.CANCELLED
            task = f"{execution.name}-task{index}"
            execution.message = f"Task {task} failed with message: {problem}"
            self._timeline.note(
                "job_attempt_failed", execution.job, execution=execution.name, attempt=attempt
            )
            if attempt < retries:
                self._stopping.wait(self._pause_s)
        return State.FAILED

    def _count_retry(self, execution: Execution, attempt: int) -> None:
        with self._lock:
            execution.retried += attempt > 0
            execution.retried_tasks += attempt == 1

    def _attempt(self, execution: Execution, index: int, attempt: int) -> str | None:
        """Run the container once; None where it succeeded, else what went wrong."""
        process = self._launch(execution, index, attempt)
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

    def _launch(self, execution: Execution, index: int, attempt: int) -> Process | None:
        job = self.jobs[execution.job]
        args = execution.overrides.args
        container = job.container if args is None else replace(job.container, args=args)
        contract = {
            "CLOUD_RUN_JOB": execution.job,
            "CLOUD_RUN_EXECUTION": execution.name,
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
            "CLOUD_RUN_TASK_COUNT": str(len(execution.tasks)),
        }
        environment = {**job.environment, **contract}
        log_file = self._logs / f"{execution.name}.log"
        with self._lock:
            if self._stopping.is_set():
                return None
            process = launch(job.command(container), environment, job.folder, log_file)
            self._running.append(process)
        return process
