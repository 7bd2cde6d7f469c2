"""What each container of the wiring becomes on this machine: a command and an environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra.local.server import HOST
from infra.local.wiring import Container, Wiring

CHECKOUT: Final = Path(__file__).resolve().parents[2]
INHERITED: Final = {
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "PATH",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "MLFLOW_TRACKING_URI",
}
"""What a process gets of the person's environment, besides the settings named URGENCY_*, which the
wiring overrules.
"""


class Commands:
    """Which command plays which part; tests put smaller ones in their place."""

    def function(self, container: Container, port: int) -> list[str]:
        """A functions-framework process that answers on `port`."""
        source = CHECKOUT / "functions" / "main.py"
        target = [
            f"--target={container.entry_point}",
            f"--source={source}",
            "--signature-type=cloudevent",
        ]
        return [
            sys.executable,
            "-m",
            "functions_framework",
            *target,
            f"--host={HOST}",
            f"--port={port}",
        ]

    def service(self, container: Container, port: int) -> list[str]:
        """An instance of the prediction service that answers on `port`."""
        configuration = CHECKOUT / "service" / "gunicorn.conf.py"
        bind = (  # the image binds every interface; here that would open the instance to others
            f"--bind={HOST}:{port}"
        )
        return [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            str(configuration),
            bind,
            "service.app:create_app()",
        ]

    def job(self, container: Container) -> list[str]:
        """One attempt of a job."""
        return [sys.executable, "-m", "jobs", *container.args]


def localised(wiring: Wiring, pocket: str, fronts: Mapping[str, str]) -> Wiring:
    """`wiring` with every URI that is called replaced by the one that answers here; audiences stay
    the cloud's.

    pocket: URL of the pocket cloud.   fronts: a container's URI in the cloud -> URL of its front
    here.
    """
    run = (f"https://{wiring.region}-run.googleapis.com", "https://run.googleapis.com")
    urls = dict.fromkeys(run, pocket) | dict(fronts)

    def here(text: str) -> str:
        for cloud, local in urls.items():
            text = text.replace(cloud, local)
        return text

    def told(container: Container) -> Container:
        return replace(
            container,
            environment={name: here(value) for name, value in container.environment.items()},
        )

    return replace(
        wiring,
        subscriptions=tuple(
            replace(one, push=one.push and replace(one.push, endpoint=here(one.push.endpoint)))
            for one in wiring.subscriptions
        ),
        functions=tuple(told(function) for function in wiring.functions),
        jobs=tuple(told(job) for job in wiring.jobs),
        services=tuple(told(service) for service in wiring.services),
        schedules=tuple(replace(schedule, uri=here(schedule.uri)) for schedule in wiring.schedules),
    )


def environment_for(
    container: Container,
    *,
    port: int | None,
    pocket: str,
    identity: Mapping[str, str],
    person: Mapping[str, str],
) -> dict[str, str]:
    """Everything that a container's process finds in its environment.

    container: of a localised wiring.   port: on which it answers; None for a job.   pocket: the
    pocket cloud's URL.
    identity: the variables that make it its service account.   person: the environment of whoever
    starts the stack.
    """
    passed_on = {
        name: value
        for name, value in person.items()
        if name in INHERITED or (name.startswith("URGENCY_") and name != "URGENCY_HOME")
    }
    return {
        **passed_on,
        "PYTHONPATH": str(CHECKOUT),
        **container.environment,
        **endpoints(pocket),
        **({} if port is None else _serving(container, port)),
        **identity,
    }


def person_environment(
    wiring: Wiring, *, pocket: str, service: str, identity: Mapping[str, str]
) -> dict[str, str]:
    """What makes a command speak to the stack as the person of `identity`: all that any container
    is told.
    """
    told = [
        container.environment for container in (*wiring.functions, *wiring.jobs, *wiring.services)
    ]
    known = {name: value for environment in told for name, value in environment.items()}
    return {**known, **endpoints(pocket), "URGENCY_SERVICE_URL": service, **identity}


def endpoints(pocket: str) -> dict[str, str]:
    """Settings that point every client at the pocket cloud."""
    return {
        "URGENCY_STORAGE_ENDPOINT": pocket,
        "URGENCY_PUBSUB_ENDPOINT": pocket,
        "URGENCY_RUN_ENDPOINT": pocket,
        "URGENCY_CERTS_URL": f"{pocket}/oauth2/v1/certs",
    }


def _serving(container: Container, port: int) -> dict[str, str]:
    """https://cloud.google.com/run/docs/container-contract#env-vars, and what Cloud Run functions
    add.
    """
    names = {
        "PORT": str(port),
        "K_SERVICE": container.name,
        "K_REVISION": f"{container.name}-00001",
    }
    if not container.entry_point:
        return names | {"K_CONFIGURATION": container.name}
    return names | {
        "K_CONFIGURATION": container.name,
        "FUNCTION_TARGET": container.entry_point,
        "FUNCTION_SIGNATURE_TYPE": "cloudevent",
        "THREADS": str(container.concurrency),
    }
