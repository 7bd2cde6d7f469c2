"""From what Terraform applied to what the laptop's stack reads: infra/local/wiring.json.

Names, policies, identities and grants. What only builds need (their account, their bucket, the
image repository) is left out: a laptop builds nothing.
"""

import base64
import json
from typing import Any, Final

from infra.wiring.settled import State

Values = dict[str, Any]

GRANTED_ON: Final = {
    "google_artifact_registry_repository_iam_member": ("repositories", "repository"),
    "google_cloud_run_v2_job_iam_member": ("jobs", "name"),
    "google_cloud_run_v2_service_iam_member": ("services", "name"),
    "google_logging_log_view_iam_member": ("views", "name"),
    "google_project_iam_member": ("projects", "project"),
    "google_pubsub_subscription_iam_member": ("subscriptions", "subscription"),
    "google_pubsub_topic_iam_member": ("topics", "topic"),
    "google_secret_manager_secret_iam_member": ("secrets", "secret_id"),
    "google_service_account_iam_member": ("serviceAccounts", "service_account_id"),
    "google_storage_bucket_iam_member": ("buckets", "bucket"),
}
"""Type of a grant -> kind of resource, and the attribute that names it."""

EVERYBODY: Final = "allUsers"

SCALE: Final = ("max_instance_count", "max_instance_request_concurrency")
WIDTH: Final = 120


def wiring_from(state: State) -> dict[str, Any]:
    """The wiring of an applied configuration."""
    accounts = {account["email"] for account in _of(state, "google_service_account")}
    builds = _only_for_builds(state)
    buckets = [one for one in _of(state, "google_storage_bucket") if one["name"] not in builds]
    grants, opened = _enforced(state, builds)
    jobs = _of(state, "google_cloud_run_v2_job")
    return {
        "project": jobs[0]["project"],
        "region": jobs[0]["location"],
        "buckets": [_bucket(one) for one in buckets],
        "notifications": [_notification(one) for one in _of(state, "google_storage_notification")],
        "topics": [topic["name"] for topic in _of(state, "google_pubsub_topic")],
        "log_view": _log_view(state),
        "subscriptions": [_subscription(one) for one in _of(state, "google_pubsub_subscription")],
        "functions": [
            _function(one) | {"public": f"services/{one['name']}" in opened}
            for one in _of(state, "google_cloudfunctions2_function")
        ],
        "jobs": [_job(job) for job in jobs],
        "services": [_service(one) for one in _of(state, "google_cloud_run_v2_service")],
        "log_sinks": [_log_sink(one) for one in _of(state, "google_logging_project_sink")],
        "schedules": [_schedule(one) for one in _of(state, "google_cloud_scheduler_job")],
        "service_accounts": sorted(accounts - builds),
        "agents": _agents(state),
        "people": _people(grants),
        "grants": grants,
    }


def _enforced(state: State, builds: set[str]) -> tuple[list[dict[str, str]], set[str]]:
    """The grants that the pocket cloud enforces, and the services that are open to everybody."""
    granted = [one for one in grants_from(state) if one["member"].partition(":")[2] not in builds]
    opened = {one["resource"] for one in granted if one["member"] == EVERYBODY}
    # The stack hands a secret to its function as Cloud Run does; nothing here asks for it.
    enforced = [one for one in granted if not one["resource"].startswith("secrets/")]
    return [one for one in enforced if one["member"] != EVERYBODY], opened


def grants_from(state: State) -> list[dict[str, str]]:
    """Every grant, builders' included: resource (`buckets/x`), role, member, condition if any."""
    grants = [_grant(resource) for resource in state["resources"] if is_grant(resource["type"])]
    return sorted(grants, key=lambda grant: [*grant.values()])


def is_grant(kind: str) -> bool:
    """Whether a type of resource gives rights, to one or to many."""
    return kind.endswith(("_iam_member", "_iam_binding", "_iam_policy"))


def shown(data: object, margin: str = "") -> str:
    """JSON that is read as a diff: one grant a line, other things on one line where they fit."""
    line = json.dumps(data)
    fits = len(margin + line) <= WIDTH or _is_row(data, margin)
    if fits or not isinstance(data, dict | list):
        return line
    inside = margin + "  "
    if isinstance(data, list):
        return "[\n" + ",\n".join(inside + shown(one, inside) for one in data) + f"\n{margin}]"
    members = (f"{inside}{json.dumps(key)}: {shown(one, inside)}" for key, one in data.items())
    return "{\n" + ",\n".join(members) + f"\n{margin}}}"


def _is_row(data: object, margin: str) -> bool:
    """A flat object in a list of the file's: a grant, a schedule."""
    flat = isinstance(data, dict) and not any(isinstance(v, dict | list) for v in data.values())
    return flat and len(margin) == 4


def _of(state: State, kind: str) -> list[Values]:
    """Values of all resources of one type, by name."""
    found = [one["values"] for one in state["resources"] if one["type"] == kind]
    return sorted(found, key=lambda values: str(values.get("name")))


def _grant(resource: Values) -> dict[str, str]:
    kind, attribute = GRANTED_ON[resource["type"]]
    values = resource["values"]
    grant = {"resource": f"{kind}/{_last(values[attribute])}"} | _picked(values, "role", "member")
    for condition in values.get("condition", []):
        grant["condition"] = condition["expression"]
    return grant


def _last(name: str) -> str:
    """'projects/p/topics/x' -> 'x'."""
    return name.rsplit("/", 1)[-1]


def _people(grants: list[dict[str, str]]) -> dict[str, str]:
    members = sorted({one["member"] for one in grants if one["member"].startswith("user:")})
    return {member.removeprefix("user:").partition("@")[0]: member for member in members}


def _only_for_builds(state: State) -> set[str]:
    """Names of the account that builds and of the bucket that it reads."""
    functions = _of(state, "google_cloudfunctions2_function")
    builds = [function["build_config"][0] for function in functions]
    sources = {build["source"][0]["storage_source"][0]["bucket"] for build in builds}
    return sources | {_last(build["service_account"]) for build in builds}


def _agents(state: State) -> dict[str, str]:
    (pubsub,) = _of(state, "google_project_service_identity")
    (storage,) = _of(state, "google_storage_project_service_account")
    sinks = {_email(one["writer_identity"]) for one in _of(state, "google_logging_project_sink")}
    (logging,) = sinks
    emails = {"pubsub": pubsub["email"], "storage": storage["email_address"]}
    return {"logging": logging} | emails


def _log_view(state: State) -> str:
    """Full name of the view that operators read."""
    (view,) = _of(state, "google_logging_log_view")
    bucket = f"{view['parent']}/locations/{view['location']}/buckets/{view['bucket']}"
    return f"{bucket}/views/{view['name']}"


def _bucket(bucket: Values) -> Values:
    return {"name": bucket["name"], "versioning": bucket["versioning"][0]["enabled"]}


def _notification(notification: Values) -> Values:
    wired = {"bucket": notification["bucket"], "topic": _last(notification["topic"])}
    return wired | _picked(notification, "event_types", "payload_format", "object_name_prefix")


def _subscription(subscription: Values) -> Values:
    wired = {"name": subscription["name"], "topic": _last(subscription["topic"])}
    wired |= _picked(subscription, "ack_deadline_seconds", "message_retention_duration")
    for retry in subscription.get("retry_policy", []):
        wired["retry_policy"] = _picked(retry, "minimum_backoff", "maximum_backoff")
    for dead in subscription.get("dead_letter_policy", []):
        topic = {"dead_letter_topic": _last(dead["dead_letter_topic"])}
        wired["dead_letter_policy"] = topic | _picked(dead, "max_delivery_attempts")
    for push in subscription.get("push_config", []):
        token = _picked(push["oidc_token"][0], "service_account_email", "audience")
        wired["push_config"] = _picked(push, "push_endpoint") | {"oidc_token": token}
    for storage in subscription.get("cloud_storage_config", []):
        wired["cloud_storage_config"] = _cloud_storage(storage)
    return wired


def _cloud_storage(config: Values) -> Values:
    """Where the laptop's Pub/Sub lays messages; it writes text only."""
    names = ("bucket", "filename_prefix", "filename_suffix", "max_duration", "max_bytes")
    return _picked(config, *names)


def _log_sink(sink: Values) -> Values:
    email = _email(sink["writer_identity"])
    wired = {"bucket": _last(sink["destination"]), "service_account": email}
    return _picked(sink, "name", "filter") | wired


def _email(member: str) -> str:
    return member.partition(":")[2]


def _function(function: Values) -> Values:
    config = function["service_config"][0]
    return {
        "name": function["name"],
        "entry_point": function["build_config"][0]["entry_point"],
        "uri": config["uri"],
        "service_account": config["service_account_email"],
        **_picked(config, "timeout_seconds", *SCALE),
        "environment": dict(sorted(config["environment_variables"].items())),
        "secrets": [one["key"] for one in config.get("secret_environment_variables") or []],
    }


def _job(job: Values) -> Values:
    execution = job["template"][0]
    task = execution["template"][0]
    container = task["containers"][0]
    return {
        "name": job["name"],
        **{name: execution[name] for name in ("task_count", "parallelism") if execution.get(name)},
        **_picked(task, "service_account", "max_retries", "timeout"),
        "args": container["args"],
        "environment": _environment(container),
    }


def _service(service: Values) -> Values:
    template = service["template"][0]
    return {
        **_picked(service, "name", "uri", "custom_audiences"),
        "public": service.get("invoker_iam_disabled", False),
        **_picked(template, "service_account", "max_instance_request_concurrency", "timeout"),
        **_picked(template["scaling"][0], "max_instance_count"),
        "environment": _environment(template["containers"][0]),
    }


def _schedule(schedule: Values) -> Values:
    target = schedule["http_target"][0]
    return {
        **_picked(schedule, "name", "schedule", "time_zone"),
        **_picked(target, "http_method", "uri"),
        "body": base64.b64decode(target["body"]).decode(),
        "oauth_service_account": target["oauth_token"][0]["service_account_email"],
    }


def _environment(container: Values) -> dict[str, str]:
    return dict(sorted((one["name"], one["value"]) for one in container["env"]))


def _picked(values: Values, *names: str) -> Values:
    return {name: values[name] for name in names}
