"""What runs: exactly the applied code, within limits that Cloud Run takes, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.infra.policies.deployment import WEBHOOK, Deployment, containers, last, policy, seconds

PINNED = re.compile(r"^[a-z0-9.-]+/\S+(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$")
SECRET = re.compile(r"(^|_)(KEY|SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIALS?)($|_)")
RESERVED = re.compile(r"^(PORT|K_\w+|CLOUD_RUN_\w+|FUNCTION_\w+|X_GOOGLE_\w+)$")
CPUS = {"1", "2", "4", "6", "8", "1000m", "2000m", "4000m", "6000m", "8000m"}
LEAST_MEMORY_MIB = {1: 128, 2: 128, 4: 2048, 6: 4096, 8: 4096}
UNITS = {"Mi": 1, "Gi": 1024}
JOB_RUNNER, PUBLISHER = "roles/run.jobsExecutor", "roles/pubsub.publisher"


@policy
def images_are_pinned(deployed: Deployment) -> Iterator[str]:
    """By a tag that means one thing, or a digest: `latest` is never deployed again."""
    for resource, container in containers(deployed):
        if not PINNED.match(container["image"]):
            yield f"{resource.address} runs {container['image']}"


@policy
def code_of_functions_is_named_by_its_hash(deployed: Deployment) -> Iterator[str]:
    """Under one name, changed code would never be deployed."""
    for function in deployed.of("cloudfunctions2_function"):
        name = function.block("build_config", "source", "storage_source").get("object") or ""
        if not re.search(r"[0-9a-f]{16,}\.zip$", name):
            yield f"{function.address} is made of {name}"


@policy
def cpu_is_billed_while_answering_only(deployed: Deployment) -> Iterator[str]:
    """Not set, it is billed for the whole life of an instance."""
    for resource, container in containers(deployed):
        if resource.type.endswith("service") and not _first(container, "resources").get("cpu_idle"):
            yield f"{resource.address} is billed while idle"


@policy
def nothing_idles(deployed: Deployment) -> Iterator[str]:
    """Scaled to zero when nobody asks, and to a ceiling when everybody does."""
    for service in deployed.of("cloud_run_v2_service"):
        scaling = service.block("template", "scaling")
        if scaling.get("min_instance_count") or not scaling.get("max_instance_count"):
            yield (
                f"{service.address} scales from {scaling.get('min_instance_count')} without need or"
                " without ceiling"
            )
    for function in deployed.of("cloudfunctions2_function"):
        config = function.block("service_config")
        if config.get("min_instance_count") or not config.get("max_instance_count"):
            yield (
                f"{function.address} scales from {config.get('min_instance_count')} without need or"
                " without ceiling"
            )


@policy
def environment_holds_no_secret(deployed: Deployment) -> Iterator[str]:
    """A secret in the environment can be read by everybody who may see the resource."""
    for address, variables in _environments(deployed):
        for name, value in variables:
            if value and SECRET.search(name):
                yield f"{address} has {name} in its environment"


@policy
def environment_names_are_allowed(deployed: Deployment) -> Iterator[str]:
    """Each once, and none that the platform sets itself."""
    for address, variables in _environments(deployed):
        names = [name for name, _ in variables]
        for name in names:
            if (
                names.count(name) > 1
                or RESERVED.match(name)
                or not re.fullmatch(r"[A-Za-z_]\w*", name)
            ):
                yield f"{address} may not set {name}"


@policy
def functions_are_internal(deployed: Deployment) -> Iterator[str]:
    """Pushes of the same project are internal traffic; only helpdesks come from outside."""
    pushed_to = (
        f for f in deployed.of("cloudfunctions2_function") if f.name != deployed.called(WEBHOOK)
    )
    for function in pushed_to:
        if function.block("service_config").get("ingress_settings") != "ALLOW_INTERNAL_ONLY":
            yield f"{function.address} is reachable from outside"


@policy
def functions_run_a_known_python(deployed: Deployment) -> Iterator[str]:
    """Written without its dot."""
    for function in deployed.of("cloudfunctions2_function"):
        if not re.fullmatch(r"python31[1-4]", function.block("build_config").get("runtime") or ""):
            yield f"{function.address} runs on {function.block('build_config').get('runtime')}"


@policy
def jobs_are_tried_again(deployed: Deployment) -> Iterator[str]:
    """Cloud Run may restart a task by itself, so fewer than 3 may be none; a task has a limit."""
    for job in deployed.of("cloud_run_v2_job"):
        task = job.block("template", "template")
        if (task.get("max_retries") or 0) < 3 or not seconds(task.get("timeout")):
            yield (
                f"{job.address} is tried again {task.get('max_retries')} times, for"
                f" {task.get('timeout')}"
            )


@policy
def limits_are_what_cloud_run_takes(deployed: Deployment) -> Iterator[str]:
    """CPU 1, 2, 4, 6 or 8; memory in Mi or Gi, enough for the CPU, 512Mi at least for a job."""
    sized = [(r, (_first(c, "resources").get("limits") or {})) for r, c in containers(deployed)]
    for resource, limits in sized:
        cpu, memory = str(limits.get("cpu", "")), memory_mib(limits.get("memory"))
        least = 512 if resource.type.endswith("job") else LEAST_MEMORY_MIB.get(int(cpu[:1] or 0), 0)
        if cpu not in CPUS or memory < max(least, 128):
            yield f"{resource.address} asks for {limits}"
    for function in deployed.of("cloudfunctions2_function"):
        config = function.block("service_config")
        concurrent = (config.get("max_instance_request_concurrency") or 1) > 1
        if memory_mib(config.get("available_memory")) < 128 or (
            concurrent and config.get("available_cpu") not in CPUS
        ):
            yield (
                f"{function.address} asks for {config.get('available_cpu')} and"
                f" {config.get('available_memory')}"
            )


@policy
def probes_ask_whether_it_lives(deployed: Deployment) -> Iterator[str]:
    """Never whether it is ready: a revision must start without a model. Time-outs fit periods."""
    for resource, container in containers(deployed):
        if not resource.type.endswith("service"):
            continue
        if not container.get("startup_probe") or container.get("readiness_probe"):
            yield f"{resource.address} has no start-up probe, or one of readiness"
        for kind in ("startup_probe", "liveness_probe"):
            probe = _first(container, kind)
            if (probe.get("timeout_seconds") or 1) > (probe.get("period_seconds") or 10):
                yield f"{resource.address} waits longer for its {kind} than until the next"
            if "ready" in (_first(probe, "http_get").get("path") or ""):
                yield f"{resource.address} asks whether it is ready"


@policy
def schedules_call_google_by_oauth(deployed: Deployment) -> Iterator[str]:
    """Google's interfaces refuse identity tokens; nothing else should see an access token."""
    for schedule in deployed.of("cloud_scheduler_job"):
        target = schedule.block("http_target")
        google = re.match(r"https://[\w-]+\.googleapis\.com/", target.get("uri") or "")
        if not google or not target.get("oauth_token") or target.get("oidc_token"):
            yield f"{schedule.address} calls {target.get('uri')} with the wrong token"
        if target.get("http_method") != "POST":
            yield f"{schedule.address} says no POST"


@policy
def schedules_may_do_what_they_do(deployed: Deployment) -> Iterator[str]:
    """The job or topic is there, and the account may run it or publish on it."""
    needs = {
        f"https://run.googleapis.com/v2/{job.values['id']}:run": (JOB_RUNNER, f"job/{job.name}")
        for job in deployed.of("cloud_run_v2_job")
    }
    needs |= {
        f"https://pubsub.googleapis.com/v1/{topic.values['id']}:publish": (
            PUBLISHER,
            f"topic/{topic.name}",
        )
        for topic in deployed.of("pubsub_topic")
    }
    for schedule in deployed.of("cloud_scheduler_job"):
        target = schedule.block("http_target")
        account = schedule.block("http_target", "oauth_token").get("service_account_email")
        role, on = needs.get(target.get("uri") or "", ("", "nothing"))
        if not deployed.allows(f"serviceAccount:{account}", role, on):
            yield f"{schedule.address} may not do {last(target.get('uri'))}"


def memory_mib(text: str | None) -> float:
    """'512Mi' -> 512; 0 for what Cloud Run refuses, such as 512MB."""
    found = re.fullmatch(r"(\d+)(Mi|Gi)", text or "")
    return int(found[1]) * UNITS[found[2]] if found else 0


def _environments(deployed: Deployment) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for resource, container in containers(deployed):
        yield (
            resource.address,
            [(e["name"], e.get("value") or "") for e in container.get("env") or []],
        )
    for function in deployed.of("cloudfunctions2_function"):
        for block in ("service_config", "build_config"):
            yield (
                function.address,
                list((function.block(block).get("environment_variables") or {}).items()),
            )


def _first(block: dict[str, Any], name: str) -> dict[str, Any]:
    return (block.get(name) or [{}])[0]
