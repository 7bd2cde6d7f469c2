"""The prediction service in the test process: over any registry, at a time that the test sets."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from service.app import create_door
from tests.support.cloud.pocket import Pocket
from tests.support.models import URGENT_TICKET
from urgency.logs import Log
from urgency.registry import Registry
from urgency.store import CloudBucket

SOFT_S, HARD_S = 5.0, 30.0
"""The bounds of a pointer's age by default."""

AUDIENCE = "urgency-reload"
CALLER = "urgency-reload@local-helpdesk.iam.gserviceaccount.com"
ENVIRON = {
    "URGENCY_PROJECT": "local-helpdesk",
    "URGENCY_REGISTRY_BUCKET": "registry",
    "URGENCY_CONTROL_BUCKET": "control",
    "URGENCY_RELOAD_AUDIENCE": AUDIENCE,
    "URGENCY_RELOAD_CALLER": CALLER,
}


@dataclass
class Clock:
    """A monotonic clock that only `advance` moves."""

    now: float = 1000.0
    reads: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.reads.append(self.now)
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Instance:
    """One instance of the service; `clock` is its own, in seconds.

    `http` asks its Flask application; `door` is what a server serves.
    registry: None: the one that `environ` names, over HTTP.
    """

    registry: Registry | None
    environ: dict[str, str] = field(default_factory=dict)
    clock: Any = field(default_factory=Clock)
    written: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.door = create_door(
            ENVIRON | self.environ,
            registry=(lambda: registry) if (registry := self.registry) else None,
            clock=self.clock,
            log=Log(stream=self.written),
        )
        self.http: FlaskClient = self.door.app.test_client()

    def version(self) -> str | None:
        """The version that answers a prediction now."""
        return self._answered("X-Model-Version")

    def epoch(self) -> str | None:
        """The epoch that answers a prediction now."""
        return self._answered("X-Model-Epoch")

    def facts(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        lines: Iterator[dict[str, Any]] = map(json.loads, self.written.getvalue().splitlines())
        return [line for line in lines if line["message"] == event]

    def _answered(self, header: str) -> str | None:
        client = self.http.application.test_client()
        return client.post("/v1/predict", json=URGENT_TICKET).headers.get(header)


def cloud_environ(cloud: Pocket) -> dict[str, str]:
    """What the wiring gives an instance that serves from a pocket cloud."""
    return {
        **ENVIRON,
        **cloud.identity.environment("urgency-serve", cloud.address),
        "URGENCY_REGISTRY_BUCKET": cloud.bucket("registry"),
        "URGENCY_CONTROL_BUCKET": cloud.bucket("control"),
        "URGENCY_STORAGE_ENDPOINT": cloud.url,
        "URGENCY_CERTS_URL": f"{cloud.url}/oauth2/v1/certs",
        "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
    }


def cloud_registry(cloud: Pocket) -> Registry:
    """The registry of a pocket cloud as the training job sees it."""
    client = cloud.client("urgency-train")
    registry, control = (
        CloudBucket(client, cloud.bucket(name), timeout_s=60) for name in ("registry", "control")
    )
    return Registry(registry, control)
