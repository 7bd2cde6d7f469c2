"""What the system is made of: names, policies, identities and grants, read from `wiring.json`.

Nothing else under `infra/local` knows a name. `make wiring` writes the file from what Terraform
applies; its URIs are the cloud's, and `stack.py` says at which local port each of them answers.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.roles import ROLES, prefix_of
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
class Subscription:
    """One subscription and its policies; without `push` it is pulled."""

    name: str
    topic: str
    ack_deadline_s: float
    minimum_backoff_s: float
    maximum_backoff_s: float
    dead_letter_topic: str | None
    max_delivery_attempts: int
    push: Push | None


@dataclass(frozen=True)
class Container:
    """A function, job or service: what runs, as whom, with which settings. Times in seconds."""

    name: str
    service_account: str
    environment: dict[str, str]
    timeout_s: float
    uri: str = ""
    entry_point: str = ""
    args: tuple[str, ...] = ()
    max_retries: int = 0
    max_instances: int = 1
    concurrency: int = 1
    custom_audiences: tuple[str, ...] = ()
    public: bool = False


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
        if prefix_of(self.condition) is None:
            where = f"the condition on {self.resource}: {self.condition}"
            raise WiringError(f"the pocket cloud cannot evaluate {where}")

    @property
    def permissions(self) -> frozenset[str]:
        """What the role allows."""
        return ROLES[self.role]

    @property
    def prefix(self) -> str:
        """What a resource's name has to start with."""
        return prefix_of(self.condition) or ""


@dataclass(frozen=True)
class Wiring:
    """The whole system."""

    project: str
    region: str
    buckets: tuple[str, ...]
    notifications: tuple[Notification, ...]
    topics: tuple[str, ...]
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

    def job(self, command: str) -> Container:
        """The job that runs this command."""
        return next(job for job in self.jobs if job.args[:1] == (command,))


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
    )


def _push(plan: dict[str, Any]) -> Push:
    token = plan["oidc_token"]
    return Push(plan["push_endpoint"], token["service_account_email"], token["audience"])


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
        max_instances=plan.get("max_instance_count", 1),
        concurrency=plan.get("max_instance_request_concurrency", 1),
        custom_audiences=tuple(plan.get("custom_audiences", ())),
        public=plan.get("public", False),
    )
