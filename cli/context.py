"""Context: how a verb reaches the system. With URGENCY_* settings in the environment that is a
project in the cloud; without them it is the local stack. Verbs know no difference: they get a
System.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.usage_error import Mistake
from urgency.settings import Settings, read_settings

if TYPE_CHECKING:
    from cli.dead_letters import DeadLetter
    from cli.runs import Runs
    from cli.service_client import ServiceClient
    from infra.local.state import Home, Stack
    from urgency.messages import ModelReleased
    from urgency.registry import Registry
    from urgency.store import ObjectStore

NAMES_A_PROJECT = (
    "URGENCY_PROJECT",
    "URGENCY_LANDING_BUCKET",
    "URGENCY_REGISTRY_BUCKET",
    "URGENCY_CONTROL_BUCKET",
)
NEEDED = (
    "project",
    "region",
    "landing_bucket",
    "registry_bucket",
    "control_bucket",
    "release_topic",
    "train_job",
    "service_url",
)
STORAGE_TIMEOUT_S = 60.0
PATIENCE_S = 20.0
"""How long a read is tried again before the person is told."""


class NoStack(Mistake):
    """No settings name a project and no local stack runs."""


@dataclass(frozen=True)
class Local:
    """What only a stack on this machine has; `job_environment` makes a process be the training job."""

    home: Home
    stack: Stack
    job_environment: Mapping[str, str]


@dataclass(frozen=True)
class System:
    """Everything that a verb may use."""

    settings: Settings
    landing: ObjectStore
    registry: Registry
    publish: Callable[[ModelReleased], None]
    runs: Runs
    service: ServiceClient
    dead_letters: Callable[[], list[DeadLetter]]
    who: Callable[[], str]
    local: Local | None = None

    @property
    def place(self) -> str:
        """Where this is, for people."""
        return (
            f"local stack in {self.local.home.root}"
            if self.local
            else f"project {self.settings.project}"
        )


def is_cloud(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a project in the cloud."""
    return any(environ.get(name) for name in NAMES_A_PROJECT)


def reach(environ: MutableMapping[str, str] = os.environ) -> System:
    """The system that `environ` names, which for the local stack is filled with the operator's
    settings and identity.

    Raises NoStack, SettingsError or Forbidden.
    """
    local = None if is_cloud(environ) else _local(environ)
    if local:
        environ.update(local.stack.operator)
        environ.setdefault("URGENCY_DEAD_LETTERS", _dead_letters(local))
    environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    return _system(read_settings(environ, *NEEDED), local)


def _system(settings: Settings, local: Local | None) -> System:
    from cli import credentials, dead_letters
    from cli.runs import Runs
    from cli.service_client import ServiceClient
    from jobs.protocol.publish import publisher
    from urgency.registry import Registry
    from urgency.store import CloudBucket, storage_client

    client = storage_client(settings)

    def bucket(name: str) -> CloudBucket:
        return CloudBucket(client, name, timeout_s=STORAGE_TIMEOUT_S, patience_s=PATIENCE_S)

    addresses = local.stack.urls.instances if local else [settings.service_url]
    return System(
        settings=settings,
        landing=bucket(settings.landing_bucket),
        registry=Registry(bucket(settings.registry_bucket), bucket(settings.control_bucket)),
        publish=publisher(settings),
        runs=Runs(settings),
        service=ServiceClient(settings.service_url, addresses, credentials.id_token),
        dead_letters=lambda: dead_letters.peek(settings),
        who=credentials.who,
        local=local,
    )


def _local(environ: Mapping[str, str]) -> Local:
    from infra.local.containers import environment_for, localised
    from infra.local.pocket.identity import Identity
    from infra.local.state import home_of, running_stack
    from infra.local.wiring import load_wiring

    home = home_of(environ)
    stack = running_stack(home)
    if stack is None:
        raise NoStack(
            f"No stack runs in {home.root}: start one with 'urgency up', "
            "or set URGENCY_PROJECT and its companions for a project in the cloud."
        )
    wiring = localised(load_wiring(), stack.urls.pocket, {})
    (job,) = wiring.jobs
    account = job.service_account.partition("@")[0]
    identity = Identity(home.cloud, wiring).environment(
        account, stack.urls.pocket.removeprefix("http://")
    )
    return Local(
        home,
        stack,
        environment_for(
            job, port=None, pocket=stack.urls.pocket, identity=identity, inherited=environ
        ),
    )


def _dead_letters(local: Local) -> str:
    """The wiring's one subscription that is pulled."""
    from infra.local.wiring import load_wiring

    return next(
        subscription.name
        for subscription in load_wiring().subscriptions
        if subscription.push is None
    )
