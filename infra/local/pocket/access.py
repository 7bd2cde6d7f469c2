"""Who may do what: the wiring's grants, enforced on every call as Google's IAM enforces them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from flask import Request

from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.wiring import Grant, Wiring, WiringError

_READ = {"storage.objects.get", "storage.objects.list"}
_WRITE = {"storage.objects.create", "storage.objects.delete", "storage.objects.update"}

# What each role allows, of what the pocket cloud imitates.
ROLES: dict[str, set[str]] = {
    # https://cloud.google.com/storage/docs/access-control/iam-roles
    "roles/storage.objectViewer": _READ,
    "roles/storage.objectCreator": {"storage.objects.create"},
    "roles/storage.objectUser": _READ | _WRITE,
    "roles/storage.objectAdmin": _READ | _WRITE,
    # https://cloud.google.com/pubsub/docs/access-control#roles
    "roles/pubsub.publisher": {"pubsub.topics.publish"},
    "roles/pubsub.subscriber": {"pubsub.subscriptions.consume"},
    "roles/pubsub.viewer": {
        "pubsub.topics.get",
        "pubsub.topics.list",
        "pubsub.subscriptions.get",
        "pubsub.subscriptions.list",
    },
    # https://cloud.google.com/run/docs/reference/iam/roles
    "roles/run.jobsExecutor": {"run.jobs.run", "run.executions.cancel"},
    "roles/run.jobsExecutorWithOverrides": {"run.jobs.run", "run.jobs.runWithOverrides", "run.executions.cancel"},
    "roles/run.viewer": {
        "run.jobs.get",
        "run.jobs.list",
        "run.executions.get",
        "run.executions.list",
        "run.operations.get",
    },
    "roles/run.servicesInvoker": {"run.routes.invoke"},
    "roles/run.invoker": {"run.jobs.run", "run.routes.invoke"},
    # https://cloud.google.com/scheduler/docs/reference/access-control
    "roles/cloudscheduler.jobRunner": {"cloudscheduler.jobs.run"},
    # https://cloud.google.com/iam/docs/roles-permissions/iam
    "roles/iam.serviceAccountTokenCreator": {
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getOpenIdToken",
    },
}

_CONDITION = re.compile(r'resource\.name\.startsWith\("(projects/_/buckets/[^"\\]*)"\)')


@dataclass(frozen=True)
class _Rule:
    """A grant ready to ask: its permissions, where the resource's name starts with `prefix`."""

    permissions: frozenset[str]
    prefix: str


class Access:
    """The gatekeeper. Raises WiringError where a grant has a role or a condition that it cannot evaluate."""

    def __init__(self, wiring: Wiring, identity: Identity) -> None:
        self._identity = identity
        machines = (*wiring.service_accounts, *wiring.agents.values())
        self._members = {email: f"serviceAccount:{email}" for email in machines}
        self._members |= {member.removeprefix("user:"): member for member in wiring.people.values()}
        self._rules: dict[tuple[str, str], list[_Rule]] = defaultdict(list)
        for grant in wiring.grants:
            self._rules[grant.member, grant.resource].append(_rule(grant))

    def caller(self, request: Request) -> str:
        """Member (`serviceAccount:x`, `user:x`) whose access token `request` bears. Raises ApiError 401."""
        authorization = request.authorization
        if authorization is None or authorization.type != "bearer" or not authorization.token:
            raise ApiError(401, "required", "Login Required: the request bears no access token.")
        email = self._identity.who(authorization.token)
        if email not in self._members:
            raise ApiError(401, "authError", f"The wiring no longer names {email}.")
        return self._members[email]

    def allows(self, member: str, permission: str, resource: str, object_name: str | None = None) -> bool:
        """Whether a grant gives `member` the permission on `resource` (`buckets/x`, `topics/x`, `jobs/x`, ...)."""
        name = f"projects/_/{resource}" + ("" if object_name is None else f"/objects/{object_name}")
        rules = self._rules.get((member, resource), ())
        return any(permission in rule.permissions and name.startswith(rule.prefix) for rule in rules)

    def require(self, member: str, permission: str, resource: str, object_name: str | None = None) -> None:
        """Raise ApiError 403 where `allows` says no."""
        if not self.allows(member, permission, resource, object_name):
            what = resource if object_name is None else f"{resource}/objects/{object_name}"
            who = member.partition(":")[2]
            denied = f"Permission '{permission}' denied on resource '{what}' (or it may not exist)."
            raise ApiError(403, "forbidden", f"{who} does not have {permission} access to {what}. {denied}")


def _rule(grant: Grant) -> _Rule:
    if grant.role not in ROLES:
        raise WiringError(
            f"The pocket cloud does not know {grant.role}, granted on {grant.resource} to {grant.member}."
        )
    return _Rule(frozenset(ROLES[grant.role]), _prefix(grant))


def _prefix(grant: Grant) -> str:
    if grant.condition is None:
        return ""
    match = _CONDITION.fullmatch(grant.condition)
    if not match:
        raise WiringError(f"The pocket cloud cannot evaluate the condition on {grant.resource}: {grant.condition}")
    return match[1]
