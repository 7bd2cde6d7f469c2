"""Child processes: started with a log of their own, waited for, watched, and stopped with all that
they started.
"""

from __future__ import annotations

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
    """A process of the stack does not start or does not stay up; the message shows the end of its
    log.
    """


@dataclass(frozen=True)
class Program:
    """What to run: `command` and `environment` are complete; it answers on `port` when it is ready."""

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

    Where `setpriv` exists (Linux), the process dies with the thread that launched it: call from one
    that lives on.
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
    with contextlib.suppress(
        ProcessLookupError, PermissionError
    ):  # macOS: EPERM where only zombies are left
        os.killpg(group, signum)


def end_leftovers(children: Mapping[int, Sequence[str]]) -> None:
    """Kill what a stack that died has left: process groups whose leader still runs the command that
    we gave it.
    """
    for pid, command in children.items():
        shown = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if " ".join(command[1:]) in shown.stdout:
            signal_group(pid, signal.SIGKILL)


class Supervisor:
    """Keeps programs running. Its calls come from one thread, which outlives the programs (see
    `launch`).
    """

    def __init__(self, programs: Iterable[Program]) -> None:
        self._programs = list(programs)
        self._running: dict[str, Process] = {}
        self._restarts = dict.fromkeys((program.name for program in self._programs), 0)

    @property
    def children(self) -> dict[int, list[str]]:
        """Process id, which is also the process group -> command."""
        return {
            self._running[program.name].pid: list(program.command) for program in self._programs
        }

    def start(self) -> None:
        """Start all of them, without waiting."""
        for program in self._programs:
            self._running[program.name] = launch(
                program.command, program.environment, program.folder, program.log
            )

    def wait_until_ready(self, timeout_s: float = READY_S) -> None:
        """Return when every port answers. Raises ProcessError where one ends first or takes too
        long.
        """
        until = time.monotonic() + timeout_s
        for program in self._programs:
            while not answers(program.port):
                code = self._running[program.name].poll()
                if code is not None:
                    raise ProcessError(
                        _report(program, f"ended with exit code {code} instead of starting")
                    )
                if time.monotonic() > until:
                    raise ProcessError(_report(program, f"did not answer within {timeout_s:g} s"))
                time.sleep(POLL_S)

    def restart_dead(self) -> list[str]:
        """Start again what has died, and name it. Raises ProcessError when one dies more than
        RESTARTS times.
        """
        dead = [
            program for program in self._programs if self._running[program.name].poll() is not None
        ]
        for program in dead:
            process = self._running[program.name]
            self._restarts[program.name] += 1
            if self._restarts[program.name] > RESTARTS:
                raise ProcessError(_report(program, f"died {RESTARTS + 1} times"))
            log.warning(
                "%s ended with exit code %s and is started again", program.name, process.returncode
            )
            signal_group(process.pid, signal.SIGKILL)  # its workers would keep the port
            self._running[program.name] = launch(
                program.command, program.environment, program.folder, program.log
            )
        return [program.name for program in dead]

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Stop all of them and what they started, within `grace_s` and a moment."""
        end(self._running.values(), grace_s)


def answers(port: int) -> bool:
    """Whether something listens on this port of the loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def _report(program: Program, what: str) -> str:
    lines = program.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
    return "\n".join([f"{program.name} {what}. The end of {program.log}:", *lines])
