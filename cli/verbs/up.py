"""urgency up: start the local stack and keep it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.show import plain, say
from urgency.errors import UrgencyError

if TYPE_CHECKING:
    from infra.local.state import Home, Stack

READY_S = 60.0
POLL_S = 0.1
LAST_LINES = 15
CHECKOUT = Path(__file__).resolve().parents[2]


class StackFailed(UrgencyError):
    """The stack does not come up; the message shows what it said."""


def up(
    instances: Annotated[int, typer.Option(min=1, max=8, help="Instances of the service.")] = 2,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the service; 0: last time's or a free one."),
    ] = 0,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay here until Ctrl-C.")
    ] = False,
    speedup: Annotated[float, typer.Option(min=1, help="Divide every back-off by this.")] = 1.0,
) -> None:
    """Start the whole system on this machine: storage, Pub/Sub, functions, job, scheduler and the
    service.

    It keeps running, and keeps its data in .urgency (or URGENCY_HOME), until 'urgency down'.

    Examples: urgency up; urgency up --instances 3 --port 8080
    """
    from infra.local.state import home_of, running_stack

    home = home_of(os.environ)
    running = running_stack(home)
    if running:
        say(f"A stack is up already in {plain(home.root)}.")
        return _welcome(running)
    options = [f"--instances={instances}", f"--port={port}", f"--speedup={speedup}"]
    if foreground:
        os.execve(sys.executable, _command(options), _environment(home))  # noqa: S606  Ctrl-C then reaches the stack
    return _welcome(start(home, options))


def start(home: Home, options: list[str]) -> Stack:
    """Start a stack that outlives this process, and return once everything answers. Raises
    StackFailed.
    """
    from rich.console import Console

    from infra.local.state import running_stack, saying_why

    with saying_why(home.root):
        home.logs.mkdir(parents=True, exist_ok=True)
        log = (home.logs / "stack.log").open("w")
    with log, Console(stderr=True).status("Starting the stack ..."):
        process = subprocess.Popen(
            _command(options),
            env=_environment(home),
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
    said = (home.logs / "stack.log").read_text(errors="replace").splitlines()[-LAST_LINES:]
    raise StackFailed(
        "\n".join(said) or f"The stack did not answer within {READY_S:g} s; see {home.logs}."
    )


def _command(options: list[str]) -> list[str]:
    return [sys.executable, "-m", "infra.local", *options]


def _environment(home: Home) -> dict[str, str]:
    """The stack may be started from any folder."""
    return os.environ | {"URGENCY_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT)}


def _welcome(stack: Stack) -> None:
    instances = ", ".join(stack.urls.instances)
    say(
        f"  service    [bold]{stack.urls.service}[/]  (private: 'urgency predict' brings the"
        " token)",
        f"  instances  {instances}",
        f"  cloud      {stack.urls.pocket}",
        "Try next:",
        "  urgency drop data/tickets.csv --wait",
        '  urgency predict "Production down, nobody can log in"',
        "  urgency status",
    )
