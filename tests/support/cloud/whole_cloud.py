"""The whole pocket cloud in the test process, on a free port, with jobs of the test's choice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from google.oauth2.credentials import Credentials

from infra.local.containers import localised
from infra.local.pocket.cloud import PocketCloud
from infra.local.pocket.executions import Job
from infra.local.pocket.identity import Identity
from infra.local.server import HOST, Server, listen, url_of
from infra.local.state import Home
from infra.local.timeline import read_timeline
from infra.local.wiring import Container, Grant, Wiring
from infra.local.wiring_file import load_wiring
from tests.support.cloud.pocket import put_keys

WIRING = load_wiring()
OPERATOR = WIRING.people["operator"]


@dataclass(frozen=True)
class Cloud:
    """A running pocket cloud."""

    url: str
    home: Home
    wiring: Wiring
    identity: Identity

    def options(self, account: str = "operator") -> dict[str, Any]:
        """Arguments that make a client of Google's libraries be `account` in this cloud."""
        token = self.identity.access_token(self.identity.email(account))
        return {"credentials": Credentials(token), "client_options": {"api_endpoint": self.url}}

    def hops(self, hop: str) -> list[dict[str, Any]]:
        """The timeline's lines of one kind."""
        return [line for line in read_timeline(self.home.timeline) if line["hop"] == hop]


@contextmanager
def cloud(
    folder: Path,
    wiring: Wiring = WIRING,
    *,
    job: str = "",
    environment: dict[str, str] | None = None,
    fronts: dict[str, str] | None = None,
    speedup: float = 100.0,
) -> Iterator[Cloud]:
    """A pocket cloud over `folder`; every job runs the Python `job`, and no function answers."""
    home = Home(folder)
    for each in (home.cloud, home.execution_logs):
        each.mkdir(parents=True, exist_ok=True)
    socket = listen()
    local = localised(wiring, url_of(socket), _nowhere(wiring) | (fronts or {}))
    put_keys(home.cloud / "identity")
    identity = Identity(home.cloud, local)
    variables = {"PATH": os.environ["PATH"]} | (environment or {})

    def command(container: Container) -> list[str]:
        return [sys.executable, "-c", job, *container.args]

    jobs = [Job(container, command, variables, folder) for container in local.jobs]
    pocket = PocketCloud(home, local, identity, jobs, speedup=speedup)
    server = Server(pocket.app, socket)
    pocket.start()
    try:
        yield Cloud(url_of(socket), home, local, identity)
    finally:
        pocket.stop(grace_s=2.0)
        server.stop()
        pocket.close()


def granting(*roles: tuple[str, str], wiring: Wiring = WIRING, member: str = OPERATOR) -> Wiring:
    """`wiring` in which `member` also has these (role, resource)."""
    return replace(
        wiring,
        grants=(*wiring.grants, *(Grant(resource, role, member) for role, resource in roles)),
    )


def without(role: str, resource: str, wiring: Wiring = WIRING) -> Wiring:
    """`wiring` without the grants of `role` on `resource`."""
    kept = tuple(
        grant for grant in wiring.grants if (grant.role, grant.resource) != (role, resource)
    )
    assert kept != wiring.grants
    return replace(wiring, grants=kept)


def with_jobs(wiring: Wiring = WIRING, **changes: Any) -> Wiring:
    """`wiring` whose jobs differ in these members of Container."""
    jobs: Sequence[Container] = [replace(job, **changes) for job in wiring.jobs]
    return replace(wiring, jobs=tuple(jobs))


def _nowhere(wiring: Wiring) -> dict[str, str]:
    return dict.fromkeys((function.uri for function in wiring.functions), f"http://{HOST}:1")
