"""The stack: pocket cloud, fronts and processes of the wiring, on ports of this machine."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.containers import (
    CHECKOUT,
    Commands,
    environment_for,
    localised,
    person_environment,
)
from infra.local.front import front_for
from infra.local.pocket.cloud import PocketCloud
from infra.local.pocket.executions import Job
from infra.local.pocket.identity import Identity
from infra.local.processes import Program, Supervisor, end_leftovers
from infra.local.server import (
    HOST,
    OBJECT_LIMIT_BYTES,
    Server,
    free_ports,
    listen,
    listen_preferably,
    url_of,
)
from infra.local.state import (
    Home,
    Stack,
    Urls,
    forget_stack,
    occupied,
    read_ports,
    read_stack,
    write_ports,
    write_stack,
)
from infra.local.wiring import WIRING_FILE, Container, Wiring, load_wiring

POCKET_THREADS = 32
WATCH_S = 0.2
GRACE_S = 3.0
"""Between SIGTERM and SIGKILL when the stack stops: once for executions, once for the rest, so all
ends within 10 s.
"""
OPERATOR = "operator"


@dataclass(frozen=True)
class Options:
    """How the stack runs. `port` is the service's; 0 takes that of the last run, or a free one."""

    instances: int = 2
    port: int = 0
    hurry: float = 1.0


def run_stack(
    home: Home,
    options: Options,
    *,
    stopped: Callable[[], bool],
    ready: Callable[[Stack], None],
    commands: Commands | None = None,
) -> None:
    """Run a stack in `home` until `stopped()`; `ready` is called when everything answers. Nothing
    is left running.

    Raises StateError, PortTaken, ProcessError or WiringError, each with a message for a person.
    """
    with occupied(home):
        if left := read_stack(home):
            end_leftovers(left.children)
        stack = LocalStack(home, load_wiring(), options, commands or Commands())
        try:
            stack.start()
            write_stack(home, stack.described())
            ready(stack.described())
            while not stopped():
                time.sleep(WATCH_S)
                if stack.restart_dead():
                    write_stack(home, stack.described())
        finally:
            stack.stop()
            forget_stack(home)


class LocalStack:
    """Everything between `start` and `stop`, which come from one thread. Raises PortTaken."""

    def __init__(self, home: Home, wiring: Wiring, options: Options, commands: Commands) -> None:
        self._home = home
        self._started_at = datetime.now(UTC)
        self._commands = commands
        self._sockets = _listen(home, wiring, options.port)
        urls = {name: url_of(listening) for name, listening in self._sockets.items()}
        self._pocket = urls.pop("pocket")
        self._fronts = urls
        fronted = (*wiring.functions, *wiring.services)
        self._wiring = localised(wiring, self._pocket, {one.uri: urls[one.name] for one in fronted})
        self._identity = Identity(home.cloud, wiring)
        self._ports = _instance_ports(wiring, options.instances)
        self._supervisor = Supervisor(self._programs())
        self._cloud = PocketCloud(
            home, self._wiring, self._identity, self._jobs(), hurry=options.hurry
        )
        self._ending = ExitStack()

    def start(self) -> None:
        """Start everything, and return when it answers. Raises ProcessError; call `stop` then as
        well.
        """
        self._ending.callback(self._cloud.close)
        pocket = Server(
            self._cloud.app,
            self._sockets["pocket"],
            threads=POCKET_THREADS,
            body_limit_bytes=OBJECT_LIMIT_BYTES,
        )
        self._ending.callback(pocket.stop)
        for container in (*self._wiring.functions, *self._wiring.services):
            instances = [f"http://{HOST}:{port}" for port in self._ports[container.name]]
            url = self._fronts[container.name]
            front, threads = front_for(
                container, instances, url, self._identity, self._cloud.access
            )
            self._ending.callback(
                Server(front, self._sockets[container.name], threads=threads).stop
            )
        self._ending.callback(self._supervisor.stop, GRACE_S)
        self._ending.callback(self._cloud.stop, GRACE_S)
        self._supervisor.start()
        self._supervisor.wait_until_ready()
        self._cloud.start()

    def restart_dead(self) -> bool:
        """Start dead processes again, and say whether there were any. Raises ProcessError when that
        does not help.
        """
        return bool(self._supervisor.restart_dead())

    def stop(self) -> None:
        """Stop everything: first what begins work, then who does it, last who answers them."""
        self._ending.close()

    def described(self) -> Stack:
        """What others need to know of this stack."""
        (service,) = self._wiring.services
        urls = Urls(
            pocket=self._pocket,
            service=self._fronts[service.name],
            instances=[f"http://{HOST}:{port}" for port in self._ports[service.name]],
            functions={
                function.name: self._fronts[function.name] for function in self._wiring.functions
            },
        )
        person = person_environment(
            self._wiring,
            pocket=self._pocket,
            service=urls.service,
            identity=self._identity_of(OPERATOR),
        )
        return Stack(
            pid=os.getpid(),
            urls=urls,
            started_at=self._started_at.isoformat(timespec="seconds"),
            wiring=hashlib.sha256(WIRING_FILE.read_bytes()).hexdigest(),
            person=person,
            children=self._supervisor.children,
        )

    def _programs(self) -> list[Program]:
        programs = []
        for container in self._wiring.functions:
            (port,) = self._ports[container.name]
            programs.append(
                self._program(
                    container, container.name, self._commands.function(container, port), port
                )
            )
        for container in self._wiring.services:
            for number, port in enumerate(self._ports[container.name], start=1):
                command = self._commands.service(container, port)
                programs.append(
                    self._program(container, f"{container.name}-{number}", command, port)
                )
        return programs

    def _program(self, container: Container, name: str, command: list[str], port: int) -> Program:
        environment = self._environment(container, port)
        return Program(name, command, environment, CHECKOUT, self._home.logs / f"{name}.log", port)

    def _jobs(self) -> list[Job]:
        return [
            Job(
                container,
                self._commands.job(container),
                self._environment(container, None),
                CHECKOUT,
            )
            for container in self._wiring.jobs
        ]

    def _environment(self, container: Container, port: int | None) -> dict[str, str]:
        identity = self._identity_of(container.service_account.partition("@")[0])
        return environment_for(
            container, port=port, pocket=self._pocket, identity=identity, person=os.environ
        )

    def _identity_of(self, account: str) -> dict[str, str]:
        return self._identity.environment(account, self._pocket.removeprefix("http://"))


def _listen(home: Home, wiring: Wiring, port: int) -> dict[str, socket.socket]:
    """Sockets of the pocket cloud and of every front; the service's on `port`, the rest where they
    were last time.
    """
    (service,) = wiring.services
    last = read_ports(home)
    sockets = {service.name: listen(port) if port else listen_preferably(last.get(service.name, 0))}
    for name in ("pocket", *(function.name for function in wiring.functions)):
        sockets[name] = listen_preferably(last.get(name, 0))
    write_ports(home, {name: listening.getsockname()[1] for name, listening in sockets.items()})
    return sockets


def _instance_ports(wiring: Wiring, instances: int) -> Mapping[str, list[int]]:
    """Container -> ports of its instances: one of each function, `instances` of the service."""
    counts = dict.fromkeys((function.name for function in wiring.functions), 1)
    counts |= dict.fromkeys((service.name for service in wiring.services), instances)
    free = iter(free_ports(sum(counts.values())))
    return {name: [next(free) for _ in range(count)] for name, count in counts.items()}
