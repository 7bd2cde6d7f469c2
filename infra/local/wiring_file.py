"""The wiring as `wiring.json` tells it, read and checked."""

import json
from pathlib import Path
from typing import Any

from infra.local.roles import ROLES
from infra.local.wiring import (
    ADVICE,
    CloudStorage,
    Container,
    Grant,
    LogSink,
    Notification,
    Push,
    Schedule,
    Subscription,
    Wiring,
    WiringError,
)

WIRING_FILE = Path(__file__).with_name("wiring.json")


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
