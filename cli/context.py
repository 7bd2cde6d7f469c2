"""How a verb reaches the system: with URGENCY_* settings in the environment that is a project in
the cloud, without them the local stack. Verbs know no difference: they get a System.
"""

import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass

from cli import credentials
from cli.dead_letters import DeadLetter, peek
from cli.runs import Runs
from cli.service_client import ServiceClient
from cli.usage_error import UsageError
from infra.local.state import Home, Stack, home_of, running_stack
from infra.local.wiring import load_wiring
from jobs.protocol.publish import publisher
from urgency.messages import ModelReleased
from urgency.registry import Registry
from urgency.settings import Settings, read_settings
from urgency.store import CloudBucket, ObjectStore, storage_client

NAMES_A_PROJECT = ("PROJECT", "LANDING_BUCKET", "REGISTRY_BUCKET", "CONTROL_BUCKET")
NEEDED = (
    *("project", "region", "landing_bucket", "registry_bucket", "control_bucket"),
    *("release_topic", "train_job", "service_url"),
)
STORAGE_TIMEOUT_S = 60.0
RETRIED_S = 20.0
"""How long a failing read is tried again."""

LOCAL_PAUSE_S, CLOUD_PAUSE_S = 0.2, 2.0
"""Between two looks: a cloud is far away, and each look costs money."""


@dataclass(frozen=True)
class Local:
    """What only a stack on this machine has; `environ` is the caller's own, without the stack's."""

    home: Home
    stack: Stack
    environ: Mapping[str, str]


@dataclass(frozen=True)
class System:
    """Everything that a verb may use; `place` says for people where it is."""

    settings: Settings
    landing: ObjectStore
    registry: Registry
    publish: Callable[[ModelReleased], None]
    runs: Runs
    service: ServiceClient
    dead_letters: Callable[[], list[DeadLetter]]
    who: Callable[[], str]
    place: str
    pause_s: float = CLOUD_PAUSE_S
    local: Local | None = None


def is_cloud(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a project in the cloud."""
    return any(environ.get(f"URGENCY_{name}") for name in NAMES_A_PROJECT)


def reach(environ: MutableMapping[str, str] = os.environ) -> System:
    """The system that `environ` names; a local stack's settings and identity are added to it.

    Raises UsageError, SettingsError or Forbidden.
    """
    local = None if is_cloud(environ) else _local(environ)
    if local:
        environ.update(local.stack.operator)
        pulled = (one.name for one in load_wiring().subscriptions if one.is_pulled)
        environ.setdefault("URGENCY_DEAD_LETTERS", next(pulled))
    environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    return _system(read_settings(environ, *NEEDED), local)


def _system(settings: Settings, local: Local | None) -> System:
    client = storage_client(settings)

    def bucket(name: str) -> CloudBucket:
        return CloudBucket(client, name, timeout_s=STORAGE_TIMEOUT_S, patience_s=RETRIED_S)

    addresses = local.stack.urls.instances if local else [settings.service_url]
    return System(
        settings=settings,
        landing=bucket(settings.landing_bucket),
        registry=Registry(bucket(settings.registry_bucket), bucket(settings.control_bucket)),
        publish=publisher(settings),
        runs=Runs(settings),
        service=ServiceClient(settings.service_url, addresses, credentials.id_token),
        dead_letters=lambda: peek(settings),
        who=credentials.who,
        place=f"local stack in {local.home.root}" if local else f"project {settings.project}",
        local=local,
        pause_s=LOCAL_PAUSE_S if local else CLOUD_PAUSE_S,
    )


def _local(environ: Mapping[str, str]) -> Local:
    home = home_of(environ)
    stack = running_stack(home)
    if stack is None:
        raise UsageError(
            f"No stack runs in {home.root}: start one with 'urgency up', or set URGENCY_PROJECT"
            " and the other settings for a project in the cloud."
        )
    return Local(home, stack, dict(environ))
