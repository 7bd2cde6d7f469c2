"""What a project takes: enabled APIs, names and values in the forms that its services accept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import available_timezones

from tests.infra.policies.deployment import Deployment, Resource, policy

APIS = {  # type of resource, or its beginning -> what has to be on
    "google_storage": {"storage"},
    "google_pubsub": {"pubsub"},
    "google_artifact_registry": {"artifactregistry"},
    "google_cloud_run_v2": {"run"},
    "google_cloudfunctions2": {
        "cloudfunctions",
        "cloudbuild",
        "artifactregistry",
        "run",
        "storage",
    },
    "google_cloud_scheduler": {"cloudscheduler"},
    "google_monitoring": {"monitoring"},
    "google_logging": {"logging"},
    "google_service_account": {"iam"},
    "google_service_account_iam": {"iam", "iamcredentials"},
    "google_project_iam": {"cloudresourcemanager"},
    "google_iam_workload": {"iam", "sts"},
    "google_secret_manager": {"secretmanager"},
    "google_sql": {"sqladmin"},
    "google_billing_budget": {"billingbudgets"},
    "terraform_data.image": {"cloudbuild"},
}
NAMES = {  # type -> the argument that holds the name, its form
    "google_service_account": ("account_id", r"[a-z][-a-z0-9]{4,28}[a-z0-9]"),
    "google_storage_bucket": ("name", r"(?!goog)(?!.*google)[a-z0-9][-_a-z0-9.]{1,61}[a-z0-9]"),
    "google_pubsub_topic": ("name", r"(?!goog)[A-Za-z][\w.~+%-]{2,254}"),
    "google_pubsub_subscription": ("name", r"(?!goog)[A-Za-z][\w.~+%-]{2,254}"),
    "google_cloud_run_v2_job": ("name", r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?"),
    "google_cloud_run_v2_service": ("name", r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?"),
    "google_cloudfunctions2_function": ("name", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
    "google_artifact_registry_repository": ("repository_id", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
    "google_cloud_scheduler_job": ("name", r"[\w-]{1,500}"),
    "google_logging_metric": ("name", r"[\w./-]{1,100}"),
    "google_logging_log_view": ("name", r"[\w-]{1,100}"),
    "google_logging_project_sink": ("name", r"[A-Za-z][\w.-]{0,99}"),
    "google_iam_workload_identity_pool": (
        "workload_identity_pool_id",
        r"(?!gcp-)[a-z0-9-]{4,32}",
    ),
    "google_sql_database": ("name", r"[a-z][a-z0-9_]{0,62}"),
}
INSIDE = {"google_sql_database"}
"""Their names are another resource's own: they meet no other installation's."""

LABEL_KEY, LABEL_VALUE = r"[a-z][a-z0-9_-]{0,62}", r"[a-z0-9_-]{0,63}"
CRON_FIELD = r"[0-9A-Za-z*/,-]+"
DURATIONS = (
    "duration",
    "backoff",
    "timeout",
    "deadline",
    "older_than",
    "newer_than",
    "period",
    "auto_close",
)


@policy
def apis_are_enabled(deployed: Deployment) -> Iterator[str]:
    """Each that a resource needs."""
    enabled = {r.values["service"].split(".")[0] for r in deployed.of("project_service")}
    for resource in deployed.resources:
        for api in sorted(needed_apis(resource) - enabled):
            yield f"{resource.address} needs {api}.googleapis.com"


@policy
def apis_stay_on(deployed: Deployment) -> Iterator[str]:
    """Other things in the project may use them."""
    for api in deployed.of("project_service"):
        if api.values.get("disable_on_destroy") is not False:
            yield f"{api.address} would be switched off by destroy"


@policy
def names_are_allowed(deployed: Deployment) -> Iterator[str]:
    """In the form that each service takes."""
    for resource in deployed.resources:
        argument, form = NAMES.get(resource.type, ("", ""))
        name = resource.values.get(argument) or ""
        if argument and not re.fullmatch(form, name):
            yield f"{resource.address} may not be called {name!r}"


@policy
def names_begin_with_the_prefix(deployed: Deployment) -> Iterator[str]:
    """So that two installations share a project; buckets begin with the project's id besides."""
    project = deployed.variables["project_id"]
    for resource in deployed.resources:
        argument, _ = NAMES.get(resource.type, ("", ""))
        name = (resource.values.get(argument) or "").removeprefix(f"{project}-")
        if argument and resource.type not in INSIDE and not name.startswith(deployed.called("")):
            yield f"{resource.address} is called {name}, as in every other installation"


@policy
def labels_are_allowed(deployed: Deployment) -> Iterator[str]:
    """Lower-case letters, digits, `_`, `-`, 63 at most; a channel's `labels` are its settings."""
    for resource in deployed.resources:
        if resource.type == "google_monitoring_notification_channel":
            continue
        for key, value in (resource.values.get("labels") or {}).items():
            if not (re.fullmatch(LABEL_KEY, key) and re.fullmatch(LABEL_VALUE, value)):
                yield f"{resource.address} may not be labelled {key}={value}"


@policy
def durations_are_seconds(deployed: Deployment) -> Iterator[str]:
    """`604800s`, never `7d`."""
    for resource in deployed.resources:
        if resource.type.startswith("google_"):
            for name, value in _strings(resource.values):
                if name.endswith(DURATIONS) and not re.fullmatch(r"\d+(\.\d+)?s", value):
                    yield f"{resource.address} has {name} = {value}"


@policy
def schedules_are_cron(deployed: Deployment) -> Iterator[str]:
    """Five fields and a time zone that exists."""
    for schedule in deployed.of("cloud_scheduler_job"):
        cron, zone = schedule.values["schedule"], schedule.values.get("time_zone")
        if (
            not re.fullmatch(rf"({CRON_FIELD} ){{4}}{CRON_FIELD}", cron)
            or zone not in available_timezones()
        ):
            yield f"{schedule.address} runs at {cron!r} in {zone!r}"


def needed_apis(resource: Resource) -> set[str]:
    """What the longest matching entry of APIS says."""
    matching = [begin for begin in APIS if resource.address.startswith(begin)]
    return APIS[max(matching, key=len)] if matching else set()


def _strings(block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text in a resource and its nested blocks, with its argument's name."""
    for name, value in block.items():
        if isinstance(value, str):
            yield name, value
        for inner in value if isinstance(value, list) else []:
            if isinstance(inner, dict):
                yield from _strings(inner)
