"""What a command costs, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

_CHECKOUT = Path(__file__).parents[1]
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss: kibibytes on Linux


class Cost(NamedTuple):
    """Seconds of processor and of the clock, start and imports included; megabytes at the peak."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def cost_of(module: str, arguments: Sequence[str]) -> tuple[Cost, Any]:
    """Run `python -m module arguments`: its cost, and what it says, where that is JSON.

    The peak is not below this process's own, since Linux hands that down: keep this process small.
    Raises CalledProcessError.
    """
    command = [sys.executable, "-m", module, *arguments]
    began = time.monotonic()
    environ = os.environ | {"PYTHONPATH": str(_CHECKOUT)}
    process = subprocess.Popen(command, cwd=_CHECKOUT, stdout=subprocess.PIPE, env=environ)
    with process:
        said = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    peak_mb = usage.ru_maxrss * _RSS_UNIT / 1e6
    cost = Cost(usage.ru_utime + usage.ru_stime, wall_s, peak_mb)
    return cost, json.loads(said) if said.startswith(b"{") else None
