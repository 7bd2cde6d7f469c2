"""How a verb reaches the system: a profile or URGENCY_* settings in the environment name a project
in the cloud; without them it is the local stack. Verbs know no difference: they get a System.
"""

import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cli import credentials
from cli.dead_letters import DeadLetters
from cli.log_lines import Logs
from cli.profiles import CHOSEN, NEEDED, PLACES, differing, read_profile
from cli.runs import Runs
from cli.service_client import ServiceClient
from cli.show import print_error
from cli.usage_error import UsageError
from infra.local.state import Home, Stack, home_of, running_stack
from infra.local.wiring_file import load_wiring
from jobs.protocol.publish import Publish, publisher
from urgency.registry import Registry
from urgency.settings import Settings, read_settings
from urgency.store import CloudBucket, ObjectStore, storage_client

NAMES_A_PROJECT = ("PROJECT", "LANDING_BUCKET", "REGISTRY_BUCKET", "CONTROL_BUCKET")
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
    publish: Publish
    runs: Runs
    runs_of: Callable[[str], Runs]
    bucket: Callable[[str], ObjectStore]
    service: ServiceClient
    dead_letters: DeadLetters
    logs: Logs
    who: Callable[[], str]
    place: str
    pause_s: float = CLOUD_PAUSE_S
    local: Local | None = None


def is_cloud(environ: Mapping[str, str]) -> bool:
    """Whether a profile or the environment names a project in the cloud."""
    named = (CHOSEN, *(f"URGENCY_{name}" for name in NAMES_A_PROJECT))
    return any(environ.get(name) for name in named)


def reach(environ: MutableMapping[str, str] = os.environ) -> System:
    """The system that a profile or `environ` names, for a verb that only looks.

    A profile's or a local stack's settings are added to `environ`.
    Raises UsageError, SettingsError or Forbidden.
    """
    profile, other = _profile(environ)
    if other:
        print_error(f"The profile {environ[CHOSEN]} counts, not the environment's {other}.")
    return _reached(environ, profile)


def reach_to_change(environ: MutableMapping[str, str] = os.environ) -> System:
    """The same for a verb that changes something: it first says where, on standard error.

    Raises UsageError, also where profile and environment name different places.
    """
    profile, other = _profile(environ)
    if other:
        means = f"The profile {environ[CHOSEN]} means project {profile['URGENCY_PROJECT']}"
        raise UsageError(
            f"{means}, and the environment says otherwise: {other}. Nothing was changed: unset"
            f" these variables, or {CHOSEN}."
        )
    system = _reached(environ, profile)
    print_error(f"In the {system.place}:")
    return system


def _profile(environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The chosen profile's settings, and what in the environment names another place."""
    profile = read_profile(environ[CHOSEN], environ) if environ.get(CHOSEN) else {}
    others = differing(profile, environ) if profile else []
    return profile, ", ".join(f"{name}={environ[name]}" for name in others)


def _reached(environ: MutableMapping[str, str], profile: Mapping[str, str]) -> System:
    local = None if is_cloud(environ) else _local(environ)
    if local:
        environ.update(local.stack.operator)
        pulled = (one.name for one in load_wiring().subscriptions if one.is_pulled)
        environ.setdefault("URGENCY_DEAD_LETTERS", next(pulled))
    if profile:
        for name in PLACES:
            environ.pop(name, None)
        environ.update(profile)
    environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    settings = read_settings(environ, *NEEDED)
    place = f"project {settings.project}"
    if local:
        place = f"local stack in {local.home.root}"
    elif profile:
        place += f" (profile {environ[CHOSEN]})"
    return _system(settings, credentials.find_credentials(environ), place, local)


def _system(settings: Settings, identity: Any, place: str, local: Local | None) -> System:
    client = storage_client(settings, credentials=identity)
    counted = credentials.counted_against(settings.project, identity)

    def bucket(name: str) -> CloudBucket:
        return CloudBucket(client, name, timeout_s=STORAGE_TIMEOUT_S, patience_s=RETRIED_S)

    addresses = local.stack.urls.instances if local else [settings.service_url]
    return System(
        settings=settings,
        landing=bucket(settings.landing_bucket),
        registry=Registry(bucket(settings.registry_bucket), bucket(settings.control_bucket)),
        publish=publisher(settings, counted),
        runs=Runs(settings, settings.train_job, counted),
        runs_of=lambda job: Runs(settings, job, counted),
        bucket=bucket,
        service=ServiceClient(
            settings.service_url, addresses, partial(credentials.id_token, identity)
        ),
        dead_letters=DeadLetters(settings, counted),
        logs=Logs(settings, counted),
        who=lambda: credentials.who(identity),
        place=place,
        local=local,
        pause_s=LOCAL_PAUSE_S if local else CLOUD_PAUSE_S,
    )


def _local(environ: Mapping[str, str]) -> Local:
    home = home_of(environ)
    stack = running_stack(home)
    if stack is None:
        raise UsageError(
            f"No stack runs in {home.root}: start one with 'urgency up', or name a project in the"
            " cloud with --project, or with URGENCY_PROJECT and the other settings."
        )
    return Local(home, stack, dict(environ))
