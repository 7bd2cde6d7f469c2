"""What each role allows in the pocket cloud.

Each agrees with the page above it (read in November 2026), without what is not imitated.
"""

from typing import Final

_READ = frozenset({"storage.objects.get", "storage.objects.list"})
_WRITE = frozenset({"storage.objects.create", "storage.objects.delete", "storage.objects.update"})
_RUN_JOBS = frozenset({"run.jobs.run", "run.executions.cancel"})
_SEE_RUNS = ["jobs.get", "jobs.list", "executions.get", "executions.list", "operations.get"]

ROLES: Final[dict[str, frozenset[str]]] = {
    # https://cloud.google.com/storage/docs/access-control/iam-roles
    "roles/storage.objectViewer": _READ,
    "roles/storage.objectCreator": frozenset({"storage.objects.create"}),
    "roles/storage.objectUser": _READ | _WRITE,
    "roles/storage.objectAdmin": _READ | _WRITE,
    "roles/storage.legacyBucketReader": frozenset({"storage.buckets.get", "storage.objects.list"}),
    "roles/storage.legacyBucketWriter": frozenset(
        {
            "storage.buckets.get",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.list",
        }
    ),
    # https://cloud.google.com/iam/docs/roles-permissions/pubsub
    "roles/pubsub.publisher": frozenset({"pubsub.topics.publish"}),
    "roles/pubsub.subscriber": frozenset({"pubsub.subscriptions.consume"}),
    "roles/pubsub.viewer": frozenset({"pubsub.subscriptions.get", "pubsub.subscriptions.list"}),
    # https://cloud.google.com/iam/docs/roles-permissions/run
    "roles/run.jobsExecutor": _RUN_JOBS,
    "roles/run.jobsExecutorWithOverrides": _RUN_JOBS | {"run.jobs.runWithOverrides"},
    "roles/run.viewer": frozenset(f"run.{what}" for what in _SEE_RUNS),
    "roles/run.servicesInvoker": frozenset({"run.routes.invoke"}),
    "roles/run.invoker": frozenset({"run.jobs.run", "run.routes.invoke"}),
    # https://cloud.google.com/iam/docs/roles-permissions/serviceusage
    "roles/serviceusage.serviceUsageConsumer": frozenset({"serviceusage.services.use"}),
    # https://cloud.google.com/iam/docs/roles-permissions/cloudscheduler
    "roles/cloudscheduler.jobRunner": frozenset({"cloudscheduler.jobs.run"}),
    # https://cloud.google.com/logging/docs/access-control
    "roles/logging.viewAccessor": frozenset({"logging.views.access"}),
    # https://cloud.google.com/iam/docs/service-account-permissions#token-creator-role
    "roles/iam.serviceAccountTokenCreator": frozenset(
        {"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"}
    ),
}
