"""An applied state, as the policies read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Resource:
    """One resource of the state, with what its arguments are."""

    address: str
    type: str
    values: dict[str, Any]

    def block(self, *path: str) -> dict[str, Any]:
        """The nested block at `path`, at most one a level; {} when it is not there."""
        found = self.values
        for name in path:
            inner = found.get(name) or [{}]
            found = inner[0] if isinstance(inner, list) else inner
        return found

    @property
    def name(self) -> str:
        """The last part of its name."""
        return last(self.values.get("name", ""))


@dataclass(frozen=True)
class Grant:
    """`member` has `role` on `on` (kind/name) where `condition` holds; "" is always."""

    address: str
    on: str
    role: str
    member: str
    condition: str


@dataclass(frozen=True)
class Deployment:
    """Everything that was applied, with the variables it was applied with."""

    resources: tuple[Resource, ...]
    variables: Mapping[str, Any]

    def of(self, *types: str) -> Iterator[Resource]:
        """Resources of these types, without `google_`."""
        wanted = {f"google_{name}" for name in types}
        return (resource for resource in self.resources if resource.type in wanted)

    def grants(self, on: str = "", role: str = "") -> Iterator[Grant]:
        """Grants on resources whose kind/name begins with `on`, of this role or any."""
        found = (_grant(r) for r in self.resources if r.type.endswith("_iam_member"))
        return (grant for grant in found if grant.on.startswith(on) and role in ("", grant.role))

    def allows(self, member: str, role: str, on: str) -> bool:
        """Whether this very grant is there, without a condition."""
        found = (g for g in self.grants(on, role) if g.on == on and g.member == member)
        return any(not grant.condition for grant in found)

    def variable(self, name: str, default: Any) -> Any:
        """What a variable was set to."""
        return self.variables.get(name, default)

    def member(self, account: str) -> str:
        """One of our identities as grants name it."""
        domain = f"{self.variables['project_id']}.iam.gserviceaccount.com"
        return f"serviceAccount:{self.called('urgency-' + account)}@{domain}"

    def called(self, name: str) -> str:
        """One of our names as this installation has it, with its prefix."""
        return f"{self.variable('name_prefix', '')}{name}"

    @property
    def pubsub_agent(self) -> str:
        """Pub/Sub's agent as grants name it."""
        agents = (r.values["member"] for r in self.of("project_service_identity"))
        return next((agent for agent in agents if "gcp-sa-pubsub" in agent), "no agent of Pub/Sub")

    @property
    def storage_agent(self) -> str:
        """Cloud Storage's agent as grants name it."""
        agents = (r.values["member"] for r in self.of("storage_project_service_account"))
        return next(agents, "no agent of Cloud Storage")


Policy = Callable[[Deployment], Iterator[str]]
"""Yields a sentence for each violation, beginning with the resource's address."""

POLICIES: dict[str, Policy] = {}
"""Every policy by its name."""


def policy(check: Policy) -> Policy:
    """Enter a function into POLICIES."""
    POLICIES[check.__name__] = check
    return check


def deployment(state: dict[str, Any], variables: Mapping[str, Any]) -> Deployment:
    """A state as `make wiring` writes it, with the variables it was applied with."""
    resources = (Resource(r["address"], r["type"], r["values"]) for r in state["resources"])
    return Deployment(tuple(resources), variables)


def containers(deployed: Deployment) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Each container of each job and service, with the resource it belongs to."""
    for resource in deployed.of("cloud_run_v2_job", "cloud_run_v2_service"):
        inner = ("template", "template") if resource.type.endswith("job") else ("template",)
        for container in resource.block(*inner).get("containers") or []:
            yield resource, container


def last(name: str | None) -> str:
    """The last part of a path."""
    return (name or "").rsplit("/", 1)[-1]


def seconds(duration: str | None) -> float:
    """'600s' -> 600.0; anything else is nothing."""
    found = re.fullmatch(r"(\d+(\.\d+)?)s", duration or "")
    return float(found[1]) if found else 0.0


WEBHOOK = "on-ticket-webhook"
"""Helpdesks have no Google identity; this function checks each call's signature."""

GRANTED_ON = {  # type of grant -> kind of resource, the argument that names it
    "google_storage_bucket_iam_member": ("bucket", "bucket"),
    "google_pubsub_topic_iam_member": ("topic", "topic"),
    "google_pubsub_subscription_iam_member": ("subscription", "subscription"),
    "google_cloud_run_v2_job_iam_member": ("job", "name"),
    "google_cloud_run_v2_service_iam_member": ("service", "name"),
    "google_secret_manager_secret_iam_member": ("secret", "secret_id"),
    "google_service_account_iam_member": ("account", "service_account_id"),
    "google_artifact_registry_repository_iam_member": ("repository", "repository"),
    "google_logging_log_view_iam_member": ("view", "name"),
    "google_project_iam_member": ("project", "project"),
}


def _grant(resource: Resource) -> Grant:
    kind, argument = GRANTED_ON.get(resource.type, (resource.type, "name"))
    condition = resource.block("condition").get("expression", "")
    values = resource.values
    on = f"{kind}/{last(values.get(argument))}"
    return Grant(resource.address, on, values["role"], values.get("member") or "", condition)
