"""What each role allows, of what the pocket cloud imitates, and the one form of condition that it
evaluates.

Each agrees with the page above it (read in November 2026); what is not imitated, as folders and
snapshots, is left out.
"""

from __future__ import annotations

import re
from typing import Final

_READ = frozenset({"storage.objects.get", "storage.objects.list"})
_WRITE = frozenset({"storage.objects.create", "storage.objects.delete", "storage.objects.update"})

ROLES: Final[dict[str, frozenset[str]]] = {
    # https://cloud.google.com/storage/docs/access-control/iam-roles
    "roles/storage.objectViewer": _READ,
    "roles/storage.objectCreator": frozenset({"storage.objects.create"}),
    "roles/storage.objectUser": _READ | _WRITE,
    "roles/storage.objectAdmin": _READ | _WRITE,
    # https://cloud.google.com/iam/docs/roles-permissions/pubsub
    "roles/pubsub.publisher": frozenset({"pubsub.topics.publish"}),
    "roles/pubsub.subscriber": frozenset({"pubsub.subscriptions.consume"}),
    "roles/pubsub.viewer": frozenset(
        {
            "pubsub.topics.get",
            "pubsub.topics.list",
            "pubsub.subscriptions.get",
            "pubsub.subscriptions.list",
        }
    ),
    # https://cloud.google.com/iam/docs/roles-permissions/run
    "roles/run.jobsExecutor": frozenset({"run.jobs.run", "run.executions.cancel"}),
    "roles/run.jobsExecutorWithOverrides": frozenset(
        {"run.jobs.run", "run.jobs.runWithOverrides", "run.executions.cancel"}
    ),
    "roles/run.viewer": frozenset(
        {
            "run.jobs.get",
            "run.jobs.list",
            "run.executions.get",
            "run.executions.list",
            "run.operations.get",
        }
    ),
    "roles/run.servicesInvoker": frozenset({"run.routes.invoke"}),
    "roles/run.invoker": frozenset({"run.jobs.run", "run.routes.invoke"}),
    # https://cloud.google.com/iam/docs/roles-permissions/cloudscheduler
    "roles/cloudscheduler.jobRunner": frozenset({"cloudscheduler.jobs.run"}),
    # https://cloud.google.com/iam/docs/service-account-permissions#token-creator-role
    "roles/iam.serviceAccountTokenCreator": frozenset(
        {"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"}
    ),
}

# https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name
_CONDITION = re.compile(r'resource\.name\.startsWith\("(projects/_/buckets/[^"\\]*)"\)')


def prefix_of(condition: str | None) -> str | None:
    """What a resource's name has to start with for `condition` to hold; None where that cannot be
    told.
    """
    if condition is None:
        return ""
    match = _CONDITION.fullmatch(condition)
    return match and match[1]
