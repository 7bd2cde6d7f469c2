"""What the system is made of: names, policies, identities and grants, read from `wiring.json`.

Nothing else under `infra/local` knows a name. `make wiring` writes the file from what Terraform
applies; its URIs are the cloud's, and `stack.py` says at which local port each of them answers.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.conditions import Asked, ConditionError, compiled
from infra.local.roles import ROLES
from urgency.errors import UrgencyError

WIRING_FILE = Path(__file__).with_name("wiring.json")
ADVICE = "Make it again with 'make wiring'."


class WiringError(UrgencyError):
    """The wiring file does not parse, lacks a member or names something unknown."""


@dataclass(frozen=True)
class Notification:
    """Objects of `bucket` under `object_name_prefix` are announced on `topic`."""

    bucket: str
    topic: str
    object_name_prefix: str
    event_types: tuple[str, ...]


@dataclass(frozen=True)
class Push:
    """Where a subscription delivers, and as whom."""

    endpoint: str
    service_account: str
    audience: str


@dataclass(frozen=True)
class CloudStorage:
    """Where a subscription lays its messages as text, a line each, and when a file is complete."""

    bucket: str
    filename_prefix: str
    filename_suffix: str
    max_duration_s: float
    max_bytes: int


@dataclass(frozen=True)
class Subscription:
    """One subscription and its policies; pushed, laid into a bucket, or pulled."""

    name: str
    topic: str
    ack_deadline_s: float
    minimum_backoff_s: float
    maximum_backoff_s: float
    dead_letter_topic: str | None
    max_delivery_attempts: int
    push: Push | None
    storage: CloudStorage | None = None

    @property
    def is_pulled(self) -> bool:
        """Whether somebody has to fetch its messages."""
        return self.push is None and self.storage is None


@dataclass(frozen=True)
class Container:
    """A function, job or service: what runs, as whom, with which settings. Times in seconds.

    secrets: the settings whose values come from Secret Manager.
    parallelism: tasks of a job that run at once, 0: as many as there are.
    """

    name: str
    service_account: str
    environment: dict[str, str]
    timeout_s: float
    uri: str = ""
    entry_point: str = ""
    args: tuple[str, ...] = ()
    max_retries: int = 0
    task_count: int = 1
    parallelism: int = 0
    max_instances: int = 1
    concurrency: int = 1
    custom_audiences: tuple[str, ...] = ()
    public: bool = False
    secrets: tuple[str, ...] = ()

    @property
    def signature_type(self) -> str:
        """How a function is called: by Pub/Sub as an event, or by everybody over HTTP."""
        return "http" if self.public else "cloudevent"


@dataclass(frozen=True)
class LogSink:
    """Log entries that pass `filter` are laid into `bucket`, by this account."""

    name: str
    filter: str
    bucket: str
    service_account: str


@dataclass(frozen=True)
class Schedule:
    """A cron entry: what is POSTed where, as whom."""

    name: str
    schedule: str
    time_zone: str
    uri: str
    body: str
    service_account: str


@dataclass(frozen=True)
class Grant:
    """`member` has `role` on `resource` (`buckets/x`, `jobs/x`, ...) where `condition` holds.

    Raises WiringError where the pocket cloud cannot enforce the role or the condition.
    """

    resource: str
    role: str
    member: str
    condition: str | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            grant = f"granted on {self.resource} to {self.member}"
            raise WiringError(f"the pocket cloud knows no {self.role}, {grant}")
        try:
            self.holds(Asked(self.resource))
        except ConditionError as error:
            where = f"the condition on {self.resource}"
            raise WiringError(f"the pocket cloud cannot evaluate {where}: {error}") from error

    @property
    def permissions(self) -> frozenset[str]:
        """What the role allows."""
        return ROLES[self.role]

    def holds(self, asked: Asked) -> bool:
        """Whether its condition, if any, allows what is asked for."""
        return self.condition is None or compiled(self.condition)(asked)


@dataclass(frozen=True)
class Wiring:
    """The whole system."""

    project: str
    region: str
    buckets: tuple[str, ...]
    notifications: tuple[Notification, ...]
    topics: tuple[str, ...]
    log_view: str
    subscriptions: tuple[Subscription, ...]
    functions: tuple[Container, ...]
    jobs: tuple[Container, ...]
    services: tuple[Container, ...]
    log_sinks: tuple[LogSink, ...]
    schedules: tuple[Schedule, ...]
    service_accounts: tuple[str, ...]
    agents: dict[str, str]
    people: dict[str, str]
    grants: tuple[Grant, ...] = field(repr=False)

    def job(self, name: str) -> Container:
        """The job of that name. Raises WiringError."""
        for job in self.jobs:
            if job.name == name:
                return job
        raise WiringError(f"has no job {name}. {ADVICE}")


def load_wiring(path: Path = WIRING_FILE) -> Wiring:
    """Read and check the wiring file; WiringError says what is wrong and in which line."""
    text = path.read_text()
    try:
        plan = json.loads(text)
        grants = tuple(_grant(grant, text) for grant in plan["grants"])
        return _wiring(plan, grants)
    except (json.JSONDecodeError, KeyError, AttributeError, TypeError, WiringError) as error:
        raise WiringError(f"{path} {_problem(error)}. {ADVICE}") from error


def _problem(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"line {error.lineno} is not JSON: {error.msg}"
        case KeyError():
            return f"lacks the member {error}"
        case WiringError():
            return str(error)
    return f"has another shape than the stack reads: {error}"


def seconds(duration: str) -> float:
    """'604800s' -> 604800.0, the only form Google's APIs take."""
    if not duration.endswith("s"):
        raise WiringError(f"has {duration!r} for a duration; write seconds, as in '600s'")
    return float(duration[:-1])


def _wiring(plan: dict[str, Any], grants: tuple[Grant, ...]) -> Wiring:
    return Wiring(
        project=plan["project"],
        region=plan["region"],
        buckets=tuple(bucket["name"] for bucket in plan["buckets"]),
        notifications=tuple(
            Notification(n["bucket"], n["topic"], n["object_name_prefix"], tuple(n["event_types"]))
            for n in plan["notifications"]
        ),
        topics=tuple(plan["topics"]),
        log_view=plan["log_view"],
        subscriptions=tuple(map(_subscription, plan["subscriptions"])),
        functions=tuple(map(_container, plan["functions"])),
        jobs=tuple(map(_container, plan["jobs"])),
        services=tuple(map(_container, plan["services"])),
        log_sinks=tuple(LogSink(**sink) for sink in plan["log_sinks"]),
        schedules=tuple(map(_schedule, plan["schedules"])),
        service_accounts=tuple(plan["service_accounts"]),
        agents=plan["agents"],
        people=plan["people"],
        grants=grants,
    )


def _schedule(plan: dict[str, Any]) -> Schedule:
    members = ("name", "schedule", "time_zone", "uri", "body", "oauth_service_account")
    return Schedule(*(plan[member] for member in members))


def _grant(plan: dict[str, Any], text: str) -> Grant:
    try:
        return Grant(plan["resource"], plan["role"], plan["member"], plan.get("condition"))
    except WiringError as error:
        wrong = plan["role"] if plan["role"] not in ROLES else plan["condition"]
        line = text.partition(json.dumps(wrong))[0].count("\n") + 1
        raise WiringError(f"line {line}: {error}") from error


def _subscription(plan: dict[str, Any]) -> Subscription:
    retry = plan.get("retry_policy", {})
    dead = plan.get("dead_letter_policy", {})
    return Subscription(
        name=plan["name"],
        topic=plan["topic"],
        ack_deadline_s=plan["ack_deadline_seconds"],
        minimum_backoff_s=seconds(retry.get("minimum_backoff", "0s")),
        maximum_backoff_s=seconds(retry.get("maximum_backoff", "600s")),
        dead_letter_topic=dead.get("dead_letter_topic"),
        max_delivery_attempts=dead.get("max_delivery_attempts", 0),
        push=_push(plan["push_config"]) if plan.get("push_config") else None,
        storage=_storage(plan["cloud_storage_config"]) if "cloud_storage_config" in plan else None,
    )


def _push(plan: dict[str, Any]) -> Push:
    token = plan["oidc_token"]
    return Push(plan["push_endpoint"], token["service_account_email"], token["audience"])


def _storage(plan: dict[str, Any]) -> CloudStorage:
    return CloudStorage(
        bucket=plan["bucket"],
        filename_prefix=plan["filename_prefix"],
        filename_suffix=plan["filename_suffix"],
        max_duration_s=seconds(plan["max_duration"]),
        max_bytes=plan["max_bytes"],
    )


def _container(plan: dict[str, Any]) -> Container:
    return Container(
        name=plan["name"],
        service_account=plan["service_account"],
        environment=plan["environment"],
        timeout_s=seconds(plan["timeout"]) if "timeout" in plan else plan["timeout_seconds"],
        uri=plan.get("uri", ""),
        entry_point=plan.get("entry_point", ""),
        args=tuple(plan.get("args", ())),
        max_retries=plan.get("max_retries", 0),
        task_count=plan.get("task_count", 1),
        parallelism=plan.get("parallelism", 0),
        max_instances=plan.get("max_instance_count", 1),
        concurrency=plan.get("max_instance_request_concurrency", 1),
        custom_audiences=tuple(plan.get("custom_audiences", ())),
        public=plan.get("public", False),
        secrets=tuple(plan.get("secrets", ())),
    )
