"""Child processes: started with a log of their own, waited for, watched, and stopped with all that they started."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from urgency.errors import UrgencyError

READY_S = 30.0
GRACE_S = 5.0
POLL_S = 0.02
WATCH_S = 0.5
RESTARTS = 5
LAST_LINES = 15

log = logging.getLogger(__name__)

Process = subprocess.Popen[bytes]


class ProcessError(UrgencyError):
    """A process of the stack does not start or does not stay up; the message shows the end of its log."""


@dataclass(frozen=True)
class Program:
    """What to run: `command` and `environment` are complete; it answers on `port` when it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    port: int


def launch(command: Sequence[str], environment: Mapping[str, str], folder: Path, log_file: Path) -> Process:
    """Start `command` in a process group of its own, its output appended to `log_file`.

    Where `setpriv` exists (Linux), the process dies with the thread that launched it: call from one that lives on.
    """
    leash = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
    with log_file.open("ab") as output:
        return subprocess.Popen(
            [*leash, *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(processes: Iterable[Process], grace_s: float) -> None:
    """SIGTERM to all of these and what they started, SIGKILL to what is left after `grace_s`."""
    processes = list(processes)
    for process in processes:
        signal_group(process.pid, signal.SIGTERM)
    until = time.monotonic() + grace_s
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()))
        signal_group(process.pid, signal.SIGKILL)
        process.wait()


def signal_group(group: int, signum: signal.Signals) -> None:
    """Send a signal to a process group, where there still is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM where only zombies are left
        os.killpg(group, signum)


class Supervisor:
    """Keeps programs running: those that die are started again, up to RESTARTS times each."""

    def __init__(self, programs: Iterable[Program]) -> None:
        self._programs = list(programs)
        self._running: dict[str, Process] = {}
        self._restarts = dict.fromkeys((program.name for program in self._programs), 0)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_up, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start all of them; call from a thread that outlives them."""
        for program in self._programs:
            self._start(program)
        self._watch.start()

    def wait_until_ready(self, timeout_s: float = READY_S) -> None:
        """Return when every port answers. Raises ProcessError."""
        until = time.monotonic() + timeout_s
        for program in self._programs:
            while not answers(program.port):
                if self._restarts[program.name] > RESTARTS:
                    raise ProcessError(_report(program, "does not start"))
                if time.monotonic() > until:
                    raise ProcessError(_report(program, f"did not answer within {timeout_s:g} s"))
                time.sleep(POLL_S)

    def pids(self) -> dict[str, int]:
        """Name -> process id, which is also its process group."""
        with self._lock:
            return {name: process.pid for name, process in self._running.items()}

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Stop all of them within `grace_s` and a moment."""
        self._stopping.set()
        with self._lock:
            end(self._running.values(), grace_s)

    def _start(self, program: Program) -> None:
        with self._lock:
            if not self._stopping.is_set():
                self._running[program.name] = launch(
                    program.command, program.environment, program.folder, program.log
                )

    def _keep_up(self) -> None:
        while not self._stopping.wait(WATCH_S):
            for program in self._programs:
                code = self._running[program.name].poll()
                if code is not None and self._restarts[program.name] <= RESTARTS:
                    self._restarts[program.name] += 1
                    log.warning("%s ended with exit code %d; see %s", program.name, code, program.log)
                    self._restart(program)
