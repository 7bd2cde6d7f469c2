"""The stack: pocket cloud, front ends and processes of the wiring, on ports of this machine."""

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local import containers, state
from infra.local.containers import CHECKOUT, Commands
from infra.local.front_end import front_end_of
from infra.local.pocket.cloud import PocketCloud
from infra.local.pocket.executions import Job
from infra.local.pocket.identity import Identity
from infra.local.processes import Program, Supervisor, kill_orphans
from infra.local.server import HOST, Server, free_ports, listen, listen_preferably, url_of
from infra.local.state import Home, Stack, Urls
from infra.local.wiring import Container, Wiring
from infra.local.wiring_file import WIRING_FILE, load_wiring

WATCH_S = 0.2
GRACE_S = 3.0
"""Between SIGTERM and SIGKILL at the stop: once for executions, once for the other processes."""
OPERATOR = "operator"
SECRETS = ("URGENCY_WEBHOOK_SECRET", "URGENCY_NOTICES_URL")
"""Settings that only those containers get that name them."""


@dataclass(frozen=True)
class Options:
    """How the stack runs. `port` is the service's; 0 takes that of the last run, or a free one."""

    instances: int = 2
    port: int = 0
    speedup: float = 1.0


def run_stack(
    home: Home,
    options: Options,
    *,
    stopped: Callable[[], bool],
    ready: Callable[[Stack], None],
    commands: Commands | None = None,
) -> None:
    """Run a stack in `home` until `stopped()`, and leave nothing running.

    ready: called once, when everything answers.
    Raises StateError, PortTaken, ProcessError or WiringError, each with a message for people.
    """
    with state.exclusive(home):
        if dead := state.read_stack(home):
            kill_orphans(dead.children)
        stack = LocalStack(home, load_wiring(), options, commands or Commands())
        try:
            stack.start()
            state.write_stack(home, stack.description())
            ready(stack.description())
            while not stopped():
                time.sleep(WATCH_S)
                if stack.restart_dead():
                    state.write_stack(home, stack.description())
        finally:
            stack.stop()
            state.forget_stack(home)


class LocalStack:
    """Everything between `start` and `stop`, which come from one thread. Raises PortTaken."""

    def __init__(self, home: Home, wiring: Wiring, options: Options, commands: Commands) -> None:
        self._home = home
        self._started_at = datetime.now(UTC)
        self._commands = commands
        self._sockets = _listen(home, wiring, options.port)
        self._urls = {name: url_of(listening) for name, listening in self._sockets.items()}
        self._pocket = self._urls["pocket"]
        called = (*wiring.functions, *wiring.services)
        front_ends = {one.uri: self._urls[one.name] for one in called}
        self._wiring = containers.localised(wiring, self._pocket, front_ends)
        self._identity = Identity(home.cloud, wiring)
        self._instances = _instance_ports(wiring, options.instances)
        self._supervisor = Supervisor(self._programs())
        self._cloud = PocketCloud(
            home, self._wiring, self._identity, self._jobs(), speedup=options.speedup
        )
        self._ending = ExitStack()

    def start(self) -> None:
        """Start everything; it answers on return. Raises ProcessError: call `stop` then too."""
        self._ending.callback(self._cloud.close)
        pocket = Server(self._cloud.app, self._sockets["pocket"])
        self._ending.callback(pocket.stop)
        for container in (*self._wiring.functions, *self._wiring.services):
            name = container.name
            front_end = front_end_of(
                container,
                self._instance_urls(name),
                self._urls[name],
                self._identity,
                self._cloud.access,
            )
            self._ending.callback(Server(front_end, self._sockets[name]).stop)
        self._ending.callback(self._supervisor.stop, GRACE_S)
        self._ending.callback(self._cloud.stop, GRACE_S)
        self._supervisor.start()
        self._supervisor.wait_until_ready()
        self._cloud.start()

    def restart_dead(self) -> bool:
        """Restart dead processes; whether there were any. Raises ProcessError if it is no use."""
        return bool(self._supervisor.restart_dead())

    def stop(self) -> None:
        """Stop all: first what begins work, then the processes, last the servers they call."""
        self._ending.close()

    def description(self) -> Stack:
        """What other processes need to know of this stack."""
        (service,) = self._wiring.services
        urls = Urls(
            pocket=self._pocket,
            service=self._urls[service.name],
            instances=self._instance_urls(service.name),
            functions={one.name: self._urls[one.name] for one in self._wiring.functions},
        )
        identity = self._identity_of(OPERATOR)
        return Stack(
            pid=os.getpid(),
            urls=urls,
            started_at=self._started_at.isoformat(timespec="seconds"),
            wiring=hashlib.sha256(WIRING_FILE.read_bytes()).hexdigest(),
            operator=containers.operator_environment(
                self._wiring, pocket=self._pocket, service=urls.service, identity=identity
            ),
            children=self._supervisor.children,
        )

    def _instance_urls(self, container: str) -> list[str]:
        return [f"http://{HOST}:{port}" for port in self._instances[container]]

    def _programs(self) -> Iterator[Program]:
        for function in self._wiring.functions:
            (port,) = self._instances[function.name]
            command = self._commands.function(function, port)
            yield self._program(function, function.name, command, port)
        for service in self._wiring.services:
            for number, port in enumerate(self._instances[service.name], start=1):
                command = self._commands.service(service, port)
                yield self._program(service, f"{service.name}-{number}", command, port)

    def _program(self, container: Container, name: str, command: list[str], port: int) -> Program:
        environment = self._environment(container, port)
        return Program(name, command, environment, CHECKOUT, self._home.logs / f"{name}.log", port)

    def _jobs(self) -> list[Job]:
        return [
            Job(job, self._commands.job, self._environment(job, None), CHECKOUT)
            for job in self._wiring.jobs
        ]

    def _environment(self, container: Container, port: int | None) -> dict[str, str]:
        identity = self._identity_of(container.service_account.partition("@")[0])
        own = {name: self._secret(name) if name in container.secrets else "" for name in SECRETS}
        inherited = {**os.environ, **own}
        return containers.environment_for(
            container, port=port, pocket=self._pocket, identity=identity, inherited=inherited
        )

    def _secret(self, name: str) -> str:
        """As given to this process; helpdesks' is made here where none is given."""
        is_made = name == "URGENCY_WEBHOOK_SECRET"
        return os.environ.get(name) or (state.webhook_secret(self._home) if is_made else "")

    def _identity_of(self, account: str) -> dict[str, str]:
        return self._identity.environment(account, self._pocket.removeprefix("http://"))


def _listen(home: Home, wiring: Wiring, port: int) -> dict[str, socket.socket]:
    """Sockets of pocket cloud and front ends: the service's on `port`, the rest as last time."""
    (service,) = wiring.services
    last = state.read_ports(home)
    sockets = {service.name: listen(port) if port else listen_preferably(last.get(service.name, 0))}
    for name in ("pocket", *(function.name for function in wiring.functions)):
        sockets[name] = listen_preferably(last.get(name, 0))
    state.write_ports(
        home, {name: listening.getsockname()[1] for name, listening in sockets.items()}
    )
    return sockets


def _instance_ports(wiring: Wiring, instances: int) -> dict[str, list[int]]:
    """Container -> ports of its instances: one of each function, `instances` of the service."""
    counts = dict.fromkeys((function.name for function in wiring.functions), 1)
    counts |= dict.fromkeys((service.name for service in wiring.services), instances)
    free = iter(free_ports(sum(counts.values())))
    return {name: [next(free) for _ in range(count)] for name, count in counts.items()}
