"""Child processes: each has a log, is watched, and is stopped with all that it started."""

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from urgency.errors import UrgencyError

READY_S = 30.0
GRACE_S = 5.0
POLL_S = 0.02
RESTARTS = 5
LAST_LINES = 15
GUARD = 'read line; kill -s KILL -- "-$0"'
"""Waits until its pipe is closed, which the end of its parent does, too."""

log = logging.getLogger(__name__)

Process = subprocess.Popen[bytes]


class ProcessError(UrgencyError):
    """A process does not start or does not stay up; the message shows the end of its log."""


@dataclass(frozen=True)
class Program:
    """What to run: its whole command and environment; it answers on `port` when it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    port: int


def launch(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log_file: Path
) -> Process:
    """Start `command` in a process group of its own, its output appended to `log_file`.

    With `setpriv` (Linux) it dies with the thread that launched it: call from one that lives on.
    """
    prefix = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
    with log_file.open("ab") as output:
        return subprocess.Popen(
            [*prefix, *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextlib.contextmanager
def ended_with_us(process: Process) -> Iterator[Process]:
    """Kill `process` and its group after the block, and when we end before, even by SIGKILL."""
    command = ["sh", "-c", GUARD, str(process.pid)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield process
    finally:
        guard.communicate()
        process.wait()


def stop_all(processes: Iterable[Process], grace_s: float) -> None:
    """SIGTERM to these and all that they started, SIGKILL to what still runs after `grace_s`."""
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
    """Send a signal to a process group, if it still exists."""
    # macOS says EPERM where only zombies are left
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


def kill_orphans(children: Mapping[int, Sequence[str]]) -> None:
    """Kill the children of a stack that died, where a pid still runs the command it was given."""
    for pid, command in children.items():
        ps = ["ps", "-o", "args=", "-p", str(pid)]
        shown = subprocess.run(ps, capture_output=True, text=True, check=False).stdout
        if " ".join(command[1:]) in shown:
            signal_group(pid, signal.SIGKILL)


class Supervisor:
    """Keeps programs running. Call it from one thread, which outlives them (see `launch`)."""

    def __init__(self, programs: Iterable[Program]) -> None:
        self._programs = list(programs)
        self._running: dict[str, Process] = {}
        self._restarts = dict.fromkeys((program.name for program in self._programs), 0)

    @property
    def children(self) -> dict[int, list[str]]:
        """Process id, which is also the process group -> command."""
        return {self._running[one.name].pid: list(one.command) for one in self._programs}

    def start(self) -> None:
        """Start all of them, without waiting."""
        for program in self._programs:
            self._launch(program)

    def wait_until_ready(self, timeout_s: float = READY_S) -> None:
        """Return when every port answers. Raises ProcessError where one ends or takes too long."""
        until = time.monotonic() + timeout_s
        for program in self._programs:
            while not answers(program.port):
                code = self._running[program.name].poll()
                if code is not None:
                    problem = f"ended with exit code {code} instead of starting"
                    raise ProcessError(_report(program, problem))
                if time.monotonic() > until:
                    raise ProcessError(_report(program, f"did not answer within {timeout_s:g} s"))
                time.sleep(POLL_S)

    def restart_dead(self) -> list[str]:
        """Restart dead programs; their names. Raises ProcessError after RESTARTS deaths of one."""
        dead = [one for one in self._programs if self._running[one.name].poll() is not None]
        for program in dead:
            process = self._running[program.name]
            self._restarts[program.name] += 1
            if self._restarts[program.name] > RESTARTS:
                raise ProcessError(_report(program, f"died {RESTARTS + 1} times"))
            log.warning("%s ended with exit code %s: restart", program.name, process.returncode)
            signal_group(process.pid, signal.SIGKILL)  # its workers would keep the port
            self._launch(program)
        return [program.name for program in dead]

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Stop all of them and what they started, within `grace_s` and a moment."""
        stop_all(self._running.values(), grace_s)

    def _launch(self, program: Program) -> None:
        self._running[program.name] = launch(
            program.command, program.environment, program.folder, program.log
        )


def answers(port: int) -> bool:
    """Whether something listens on this port of the loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def _report(program: Program, problem: str) -> str:
    lines = program.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
    return "\n".join([f"{program.name} {problem}. The end of {program.log}:", *lines])
