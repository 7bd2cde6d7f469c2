"""Each container of the wiring as a process of this machine: its command and environment."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra.local.server import HOST
from infra.local.wiring import Container, Wiring

CHECKOUT: Final = Path(__file__).resolve().parents[2]
LOCALE = {"LANG", "LC_ALL", "LC_CTYPE", "TZ"}
INHERITED: Final = LOCALE | {"HOME", "PATH", "SSL_CERT_FILE", "TMPDIR", "MLFLOW_TRACKING_URI"}
"""What a process inherits, besides the settings named URGENCY_*, which the wiring overrules."""


class Commands:
    """The command of each kind of container; tests put smaller ones in their place."""

    def function(self, container: Container, port: int) -> list[str]:
        """A functions-framework process that answers on `port`."""
        return [
            *(sys.executable, "-m", "functions_framework"),
            f"--target={container.entry_point}",
            f"--source={CHECKOUT / 'functions' / 'main.py'}",
            f"--signature-type={container.signature_type}",
            f"--host={HOST}",
            f"--port={port}",
        ]

    def service(self, container: Container, port: int) -> list[str]:
        """An instance of the prediction service that answers on `port`."""
        # The image listens on every interface; here others could call it.
        return [sys.executable, "-m", "service", f"--host={HOST}"]

    def job(self, container: Container) -> list[str]:
        """One attempt of a job."""
        return [sys.executable, "-m", "jobs", *container.args]


def localised(wiring: Wiring, pocket: str, front_ends: Mapping[str, str]) -> Wiring:
    """`wiring` whose every called URI answers on this machine; audiences stay those of the cloud.

    pocket: URL of the pocket cloud.   front_ends: a container's URI in the cloud -> its URL here.
    """
    run = (f"https://{wiring.region}-run.googleapis.com", "https://run.googleapis.com")
    urls = dict.fromkeys((*run, "https://pubsub.googleapis.com"), pocket) | dict(front_ends)

    def local(text: str) -> str:
        for cloud_url, local_url in urls.items():
            text = text.replace(cloud_url, local_url)
        return text

    def local_container(one: Container) -> Container:
        return replace(one, environment={key: local(text) for key, text in one.environment.items()})

    return replace(
        wiring,
        subscriptions=tuple(
            replace(one, push=one.push and replace(one.push, endpoint=local(one.push.endpoint)))
            for one in wiring.subscriptions
        ),
        functions=tuple(map(local_container, wiring.functions)),
        jobs=tuple(map(local_container, wiring.jobs)),
        services=tuple(map(local_container, wiring.services)),
        schedules=tuple(replace(one, uri=local(one.uri)) for one in wiring.schedules),
    )


def environment_for(
    container: Container,
    *,
    port: int | None,
    pocket: str,
    identity: Mapping[str, str],
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of a container's process.

    container: of a localised wiring.   port: on which it answers; None for a job.
    pocket: the pocket cloud's URL.   identity: variables that make it its service account.
    inherited: the environment of the process that starts it; little of it is passed on.
    """
    passed_on = {
        name: value
        for name, value in inherited.items()
        if name in INHERITED or (name.startswith("URGENCY_") and name != "URGENCY_HOME")
    }
    return {
        **passed_on,
        "PYTHONPATH": str(CHECKOUT),
        **container.environment,
        **endpoints(pocket),
        **({} if port is None else _serving_environment(container, port)),
        **identity,
    }


def operator_environment(
    wiring: Wiring, *, pocket: str, service: str, identity: Mapping[str, str]
) -> dict[str, str]:
    """What makes a command talk to the stack as `identity`: the settings of all containers."""
    settings: dict[str, str] = {}
    containers = (*wiring.functions, *wiring.jobs, *wiring.services)
    for container in containers:
        settings |= container.environment
    settings["URGENCY_CONTAINERS"] = ",".join(one.name for one in containers)
    settings["URGENCY_LOG_VIEW"] = wiring.log_view
    return {**settings, **endpoints(pocket), "URGENCY_SERVICE_URL": service, **identity}


def endpoints(pocket: str) -> dict[str, str]:
    """Settings that point every client at the pocket cloud."""
    return {
        "URGENCY_STORAGE_ENDPOINT": pocket,
        "URGENCY_PUBSUB_ENDPOINT": pocket,
        "URGENCY_RUN_ENDPOINT": pocket,
        "URGENCY_LOGGING_ENDPOINT": pocket,
        "URGENCY_CERTS_URL": f"{pocket}/oauth2/v1/certs",
    }


def _serving_environment(container: Container, port: int) -> dict[str, str]:
    """https://cloud.google.com/run/docs/container-contract#env-vars, and what functions get."""
    environment = {
        "PORT": str(port),
        "K_SERVICE": container.name,
        "K_REVISION": f"{container.name}-00001",
        "K_CONFIGURATION": container.name,
    }
    if container.entry_point:
        environment |= {
            "FUNCTION_TARGET": container.entry_point,
            "FUNCTION_SIGNATURE_TYPE": container.signature_type,
            "THREADS": str(container.concurrency),
        }
    return environment
