"""The two Cloud Functions: a CSV landed -> start the job; a model was released -> reload it.

Raising tells Pub/Sub to try again later, returning acknowledges. So what a later try can heal
raises, and what none can heal is logged and acknowledged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import functions_framework
import google.auth.transport.requests
import requests
from google.cloud import run_v2
from google.oauth2 import id_token

from urgency.errors import BadMessage, Unavailable
from urgency.logs import Log
from urgency.messages import is_ticket_file, read_landed_object, read_model_released
from urgency.settings import Settings, settings_or_exit

RELOAD_TIMEOUT_S = 10
"""Nests: reload call 10 s < function 30 s < acknowledgement deadline 60 s."""

CLOCK_SKEW_S = 10
"""How far storage's clock and ours may differ when both are compared."""

_LOG = Log({"function": os.environ.get("K_SERVICE", "local")})
_WANTED = {
    "on_csv_landed": ("project", "region", "train_job"),
    "on_model_released": ("reload_url", "reload_audience"),
}
_SETTINGS: Settings = settings_or_exit(
    os.environ, *_WANTED.get(os.environ.get("FUNCTION_TARGET", ""), ())
)


@dataclass
class Instance:
    """What one instance of a function calls and remembers; a simulation gives it other calls.

    start_job: starts one run; its name.   reload_service: the epoch served after a reload.
    now: seconds since 1970.   Both calls raise what a later try can heal.
    """

    start_job: Callable[[], str]
    reload_service: Callable[[], int]
    now: Callable[[], float] = time.time
    log: Log = _LOG
    last_run_started: float = 0.0

    def on_csv_landed(self, event: Any) -> None:
        """See the function of that name."""
        try:
            landed = read_landed_object(event.data)
        except BadMessage as error:
            self.log.error("event_refused", reason=str(error))
            return
        log = self.log.bind(object=landed.name, generation=landed.generation)
        if not is_ticket_file(landed.name) or landed.size == 0:
            log.info("object_ignored", size_bytes=landed.size)
        elif landed.created.timestamp() < self.last_run_started - CLOCK_SKEW_S:
            log.info("run_already_started")
        else:
            log.info("run_started", execution=self.start_run())

    def start_run(self) -> str:
        """Start one run and remember since when; a start that failed is not remembered."""
        started = self.now()
        execution = self.start_job()
        self.last_run_started = started
        return execution

    def on_model_released(self, event: Any) -> None:
        """See the function of that name."""
        try:
            released = read_model_released(event.data)
        except BadMessage as error:
            self.log.error("event_refused", reason=str(error))
            return
        epoch = self.reload_service()
        if epoch < released.epoch:
            raise Unavailable(
                f"The service still serves epoch {epoch}, not {released.epoch}; it is asked again."
            )
        log = self.log.bind(epoch=released.epoch, version=released.version)
        log.info("service_reloaded", execution=released.execution, serving_epoch=epoch)


@functions_framework.cloud_event
def on_csv_landed(event: Any) -> None:
    """Start the training job, unless this instance started a run after the object was written."""
    _INSTANCE.on_csv_landed(event)


@functions_framework.cloud_event
def on_model_released(event: Any) -> None:
    """Call the service's reload hook; succeed only when it serves this release or a later one."""
    _INSTANCE.on_model_released(event)


@cache
def _jobs_client() -> run_v2.JobsClient:
    options = {"api_endpoint": _SETTINGS.run_endpoint} if _SETTINGS.run_endpoint else None
    return run_v2.JobsClient(transport="rest", client_options=options)


def _run_train_job() -> str:
    """Start one execution, without overrides and without waiting for it, and return its name."""
    client = _jobs_client()
    name = client.job_path(_SETTINGS.project, _SETTINGS.region, _SETTINGS.train_job)
    return str(client.run_job(name=name, timeout=RELOAD_TIMEOUT_S).metadata.name.rsplit("/", 1)[-1])


def _reload_service() -> int:
    """POST the reload hook as this function's identity; the epoch that the service then serves."""
    token = id_token.fetch_id_token(
        google.auth.transport.requests.Request(), _SETTINGS.reload_audience
    )
    # Cloud Run strips the signature of the header it checks; the service verifies the other one.
    headers = {"Authorization": f"Bearer {token}", "X-Serverless-Authorization": f"Bearer {token}"}
    answer = requests.post(_SETTINGS.reload_url, headers=headers, timeout=RELOAD_TIMEOUT_S)
    if answer.status_code != 200:
        raise Unavailable(f"The reload hook answered {answer.status_code}: {answer.text[:300]}")
    return int(answer.json()["epoch"])


_INSTANCE = Instance(_run_train_job, _reload_service)
