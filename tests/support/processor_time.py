"""Processor time, for tests that compare two costs: of the same machine, at the same time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def seconds_of(call: Callable[[], object]) -> float:
    """Processor time of one call in this process; time spent waiting does not count."""
    began = time.process_time()
    call()
    return time.process_time() - began


def seconds_of_command(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> float:
    """Processor time of a command and its children, which has to succeed."""
    process = subprocess.Popen(
        command, env=dict(environ), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def seconds_of_process(pid: int) -> float:
    """User and system time so far, in ticks of 10 ms (man 5 proc: fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def least_of(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The least of several measurements of each; taken in turn, so that noise meets all alike."""
    measured = [[measure() for measure in measures] for _ in range(rounds)]
    return [min(of_one) for of_one in zip(*measured, strict=True)]
