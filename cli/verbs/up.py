import os
import sys
from typing import Annotated

import typer

from cli.local_stack import stack_command, stack_environment, start
from cli.show import plain, say
from cli.usage_error import STACK, UsageError, require
from infra.local.state import Stack, home_of, running_stack
from urgency.settings import read_settings

Instances = Annotated[int, typer.Option(min=1, max=8, help="Instances of the service.")]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of the service; 0: last time's or a free one.")
]
Foreground = Annotated[bool, typer.Option("--foreground", help="Stay here until Ctrl-C.")]
Speedup = Annotated[float, typer.Option(min=1, help="Divide every back-off by this.")]
Webhook = Annotated[str, typer.Option(help="Post notices there, as Slack takes them.")]
NOTICES_URL = "URGENCY_NOTICES_URL"


def up(
    instances: Instances = 2,
    port: Port = 0,
    foreground: Foreground = False,
    speedup: Speedup = 1.0,
    webhook: Webhook = "",
) -> None:
    """Start it all on this machine: storage, Pub/Sub, functions, job, scheduler and service.

    It keeps running, and keeps its data in .urgency (or URGENCY_HOME), until 'urgency down'.

    Examples: urgency up; urgency up --webhook https://hooks.slack.com/services/...
    """
    home = home_of(os.environ)
    running = running_stack(home)
    if webhook:
        if running:
            raise UsageError("A stack is up already; stop it with 'urgency down' first.")
        read_settings({NOTICES_URL: webhook})
        os.environ[NOTICES_URL] = webhook  # others may read a process's arguments
    if running:
        say(f"A stack is up already in {plain(home.root)}.")
        return _welcome(running)
    options = [f"--instances={instances}", f"--port={port}", f"--speedup={speedup}"]
    if foreground:
        require(*STACK)
        command = stack_command(options)
        os.execve(sys.executable, command, stack_environment(home))  # noqa: S606  for Ctrl-C
    return _welcome(start(home, options))


def _welcome(stack: Stack) -> None:
    instances = ", ".join(stack.urls.instances)
    token = "(private: 'urgency predict' brings the token)"  # noqa: S105  no token itself
    say(
        f"  service    [bold]{stack.urls.service}[/]  {token}",
        f"  instances  {instances}",
        f"  cloud      {stack.urls.pocket}",
        "Try next:",
        "  urgency drop data/tickets.csv --wait",
        '  urgency predict "Production down, nobody can log in"',
        "  urgency status",
    )
