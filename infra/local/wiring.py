"""What the system is made of: names, policies, identities and grants, read from `wiring.json`.

Nothing else under `infra/local` knows a name. `make wiring` writes the file from what Terraform
applies; its URIs are the cloud's, and `stack.py` says at which local port each of them answers.
"""

from dataclasses import dataclass, field

from infra.local.conditions import Asked, ConditionError, compiled
from infra.local.roles import ROLES
from urgency.errors import UrgencyError

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
