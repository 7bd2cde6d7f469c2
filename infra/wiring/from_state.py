"""From what Terraform applied to what the laptop's stack reads: `terraform show -json` ->
infra/local/wiring.json.

Names, policies, identities and grants; no image, hash or computed id, so that it changes only when
the system does. What only builds need (their account, their bucket, the image repository) is left
out: a laptop builds nothing.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, Final

State = dict[str, Any]
Values = dict[str, Any]

GRANTED_ON: Final = {
    "google_artifact_registry_repository_iam_member": ("repositories", "repository"),
    "google_cloud_run_v2_job_iam_member": ("jobs", "name"),
    "google_cloud_run_v2_service_iam_member": ("services", "name"),
    "google_project_iam_member": ("projects", "project"),
    "google_pubsub_subscription_iam_member": ("subscriptions", "subscription"),
    "google_pubsub_topic_iam_member": ("topics", "topic"),
    "google_service_account_iam_member": ("serviceAccounts", "service_account_id"),
    "google_storage_bucket_iam_member": ("buckets", "bucket"),
}
"""Type of a grant -> kind of resource, and the attribute that names it."""

PROJECT_NUMBER: Final = "100000000001"
WIDTH: Final = 120


def wiring_from(state: State) -> dict[str, Any]:
    """The wiring of an applied configuration; the same system gives the same wiring, whatever was
    computed.
    """
    accounts = {account["email"] for account in _of(state, "google_service_account")} - _builders(
        state
    )
    grants = [grant for grant in grants_from(state) if not _is_for_builds(grant, state)]
    people = {
        grant["member"].removeprefix("user:")
        for grant in grants
        if grant["member"].startswith("user:")
    }
    (job,) = _of(state, "google_cloud_run_v2_job")
    wiring = {
        "project": job["project"],
        "region": job["location"],
        "buckets": [
            _bucket(bucket)
            for bucket in _of(state, "google_storage_bucket")
            if not _is_source(bucket, state)
        ],
        "notifications": [_notification(one) for one in _of(state, "google_storage_notification")],
        "topics": [topic["name"] for topic in _of(state, "google_pubsub_topic")],
        "subscriptions": [_subscription(one) for one in _of(state, "google_pubsub_subscription")],
        "functions": [_function(one) for one in _of(state, "google_cloudfunctions2_function")],
        "jobs": [_job(job)],
        "services": [_service(one) for one in _of(state, "google_cloud_run_v2_service")],
        "schedules": [_schedule(one) for one in _of(state, "google_cloud_scheduler_job")],
        "service_accounts": sorted(accounts),
        "agents": _agents(state),
        "people": {person.partition("@")[0]: f"user:{person}" for person in sorted(people)},
        "grants": grants,
    }
    return {name: _settled(value, state) for name, value in wiring.items()}


def grants_from(state: State) -> list[dict[str, str]]:
    """Every grant, build-time ones included: resource (`buckets/x`), role, member, and condition
    where it has one.
    """
    grants = [_grant(resource) for resource in _resources(state) if "_iam_" in resource["type"]]
    return sorted(_settled(grants, state), key=lambda grant: [*grant.values()])


def shown(wiring: object, margin: str = "") -> str:
    """JSON for readers of differences: one grant a line, anything else on one line where it fits."""
    line = json.dumps(wiring)
    if (
        len(margin + line) <= WIDTH
        or not isinstance(wiring, dict | list)
        or _is_row(wiring, margin)
    ):
        return line
    inside = margin + "  "
    if isinstance(wiring, list):
        return "[\n" + ",\n".join(inside + shown(one, inside) for one in wiring) + f"\n{margin}]"
    members = (
        f"{inside}{json.dumps(name)}: {shown(value, inside)}" for name, value in wiring.items()
    )
    return "{\n" + ",\n".join(members) + f"\n{margin}}}"


def _is_row(value: object, margin: str) -> bool:
    """A flat object in a list of the file's: a grant, a schedule."""
    return (
        len(margin) == 4
        and isinstance(value, dict)
        and not any(isinstance(v, dict | list) for v in value.values())
    )


def _resources(state: State) -> list[Values]:
    return list(state["values"]["root_module"]["resources"])


def _of(state: State, kind: str) -> list[Values]:
    """Values of all resources of one type, by name."""
    found = [resource["values"] for resource in _resources(state) if resource["type"] == kind]
    return sorted(found, key=lambda values: str(values.get("name")))


def _grant(resource: Values) -> dict[str, str]:
    kind, attribute = GRANTED_ON[resource["type"]]
    values = resource["values"]
    grant = {
        "resource": f"{kind}/{_last(values[attribute])}",
        "role": values["role"],
        "member": values["member"],
    }
    for condition in values["condition"] or []:
        grant["condition"] = condition["expression"]
    return grant


def _last(name: str) -> str:
    """'projects/p/topics/x' -> 'x'."""
    return name.rsplit("/", 1)[-1]


def _builds(state: State) -> list[Values]:
    return [
        function["build_config"][0] for function in _of(state, "google_cloudfunctions2_function")
    ]


def _builders(state: State) -> set[str]:
    return {_last(build["service_account"]) for build in _builds(state)}


def _is_source(bucket: Values, state: State) -> bool:
    return bucket["name"] in {
        build["source"][0]["storage_source"][0]["bucket"] for build in _builds(state)
    }


def _is_for_builds(grant: dict[str, str], state: State) -> bool:
    return grant["member"].removeprefix("serviceAccount:") in _builders(state)


def _settled(value: Any, state: State) -> Any:
    """`value` without what differs from one project to the next."""
    text = json.dumps(value)
    for computed, constant in _computed(state):
        text = text.replace(computed, constant)
    return json.loads(text)


def _computed(state: State) -> Iterator[tuple[str, str]]:
    """What a project computes -> the constant that stands for it here. Longest first: one may begin
    with another.
    """
    (job,) = _of(state, "google_cloud_run_v2_job")
    uris = {one["name"]: one["uri"] for one in _of(state, "google_cloud_run_v2_service")}
    uris |= {
        one["name"]: one["service_config"][0]["uri"]
        for one in _of(state, "google_cloudfunctions2_function")
    }
    for name, uri in sorted(uris.items(), key=lambda item: -len(item[1])):
        yield uri, f"https://{name}.{job['project']}.run.app"
    for repository in _of(state, "google_artifact_registry_repository"):
        yield (
            f"repositories/{_last(repository['name'])}",
            f"repositories/{repository['repository_id']}",
        )
    for agent in _agents(state).values():
        yield agent, re.sub(r"(?<=^service-)[0-9]+(?=@)", PROJECT_NUMBER, agent)


def _agents(state: State) -> dict[str, str]:
    (pubsub,) = _of(state, "google_project_service_identity")
    (storage,) = _of(state, "google_storage_project_service_account")
    return {"pubsub": pubsub["email"], "storage": storage["email_address"]}


def _bucket(bucket: Values) -> Values:
    return {"name": bucket["name"], "versioning": bucket["versioning"][0]["enabled"]}


def _notification(notification: Values) -> Values:
    policy = ("event_types", "payload_format", "object_name_prefix")
    return {"bucket": notification["bucket"], "topic": _last(notification["topic"])} | _picked(
        notification, *policy
    )


def _subscription(subscription: Values) -> Values:
    wired = {"name": subscription["name"], "topic": _last(subscription["topic"])}
    wired |= _picked(subscription, "ack_deadline_seconds", "message_retention_duration")
    for retry in subscription["retry_policy"]:
        wired["retry_policy"] = _picked(retry, "minimum_backoff", "maximum_backoff")
    for dead in subscription["dead_letter_policy"]:
        topic = {"dead_letter_topic": _last(dead["dead_letter_topic"])}
        wired["dead_letter_policy"] = topic | _picked(dead, "max_delivery_attempts")
    for push in subscription["push_config"]:
        token = _picked(push["oidc_token"][0], "service_account_email", "audience")
        wired["push_config"] = _picked(push, "push_endpoint") | {"oidc_token": token}
    return wired


def _function(function: Values) -> Values:
    config = function["service_config"][0]
    return {
        "name": function["name"],
        "entry_point": function["build_config"][0]["entry_point"],
        "uri": config["uri"],
        "service_account": config["service_account_email"],
        **_picked(
            config, "timeout_seconds", "max_instance_count", "max_instance_request_concurrency"
        ),
        "environment": dict(sorted(config["environment_variables"].items())),
    }


def _job(job: Values) -> Values:
    task = job["template"][0]["template"][0]
    container = task["containers"][0]
    return {
        "name": job["name"],
        **_picked(task, "service_account", "max_retries", "timeout"),
        "args": container["args"],
        "environment": _environment(container),
    }


def _service(service: Values) -> Values:
    template = service["template"][0]
    return {
        **_picked(service, "name", "uri", "custom_audiences"),
        "public": service["invoker_iam_disabled"],
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
