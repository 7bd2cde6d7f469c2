"""Starting a stack on this machine that outlives the command."""

import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from cli.usage_error import STACK, require
from infra.local.state import Home, Stack, running_stack, saying_why
from urgency.errors import UrgencyError

READY_S = 60.0
POLL_S = 0.1
LAST_LINES = 15
CHECKOUT = Path(__file__).resolve().parents[1]


class StackFailed(UrgencyError):
    """The stack does not start or stop; the message says where to look."""


def start(home: Home, options: list[str]) -> Stack:
    """Start a stack and return once everything answers. Raises StackFailed or UsageError."""
    require(*STACK)
    log_file = home.logs / "stack.log"
    with saying_why(home.root):
        home.logs.mkdir(parents=True, exist_ok=True)
        log = log_file.open("w")
    with log, Console(stderr=True).status("Starting the stack ..."):
        process = subprocess.Popen(
            stack_command(options),
            env=stack_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until = time.monotonic() + READY_S
        while time.monotonic() < until and process.poll() is None:
            if stack := running_stack(home):
                return stack
            time.sleep(POLL_S)
    process.terminate()
    printed = log_file.read_text(errors="replace").splitlines()[-LAST_LINES:]
    no_answer = f"The stack did not answer within {READY_S:g} s; its log is {log_file}."
    raise StackFailed("\n".join(printed) or no_answer)


def stack_command(options: list[str]) -> list[str]:
    """The process that is the stack."""
    return [sys.executable, "-m", "infra.local", *options]


def stack_environment(home: Home) -> dict[str, str]:
    """Its environment; the stack may be started from any folder."""
    return os.environ | {"URGENCY_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT)}
