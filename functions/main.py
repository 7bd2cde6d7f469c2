"""The two Cloud Functions, subscribed by push: a CSV landed -> start the job; a model was released
-> reload it.

Raising tells Pub/Sub to try again later; returning acknowledges. So whatever can heal raises, and
whatever cannot is logged and acknowledged.
"""

from __future__ import annotations

import os
import time
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
"""How far storage's clock and ours may differ before "written before that run began" is believed.
"""

_LOG = Log({"function": os.environ.get("K_SERVICE", "local")})
_WANTED = {
    "on_csv_landed": ("project", "region", "train_job"),
    "on_model_released": ("reload_url", "reload_audience"),
}
_SETTINGS: Settings = settings_or_exit(
    os.environ, *_WANTED.get(os.environ.get("FUNCTION_TARGET", ""), ())
)
_last_run_started = 0.0


@functions_framework.cloud_event
def on_csv_landed(event: Any) -> None:
    """Start the training job unless a run that this instance started lists later than the object
    was written.
    """
    global _last_run_started  # noqa: PLW0603  an instance's memory is the only place that costs no call
    try:
        landed = read_landed_object(event.data)
    except BadMessage as error:
        _LOG.error("event_refused", reason=str(error))
        return
    log = _LOG.bind(object=landed.name, generation=landed.generation)
    if not is_ticket_file(landed.name) or landed.size == 0:
        log.info("object_ignored", size_bytes=landed.size)
    elif landed.created.timestamp() < _last_run_started - CLOCK_SKEW_S:
        log.info("run_already_started")
    else:
        started = time.time()
        execution = _run_train_job()
        _last_run_started = started
        log.info("run_started", execution=execution)


@functions_framework.cloud_event
def on_model_released(event: Any) -> None:
    """Call the service's reload hook; succeed only when it serves this release or a later one."""
    try:
        released = read_model_released(event.data)
    except BadMessage as error:
        _LOG.error("event_refused", reason=str(error))
        return
    log = _LOG.bind(epoch=released.epoch, version=released.version, execution=released.execution)
    epoch = _reload_service()
    if epoch < released.epoch:
        raise Unavailable(
            f"The service still serves epoch {epoch}, not {released.epoch}; it will be asked again."
        )
    log.info("service_reloaded", serving_epoch=epoch)


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
    """POST the reload hook as this function's identity and return the epoch that the service then
    serves.
    """
    token = id_token.fetch_id_token(
        google.auth.transport.requests.Request(), _SETTINGS.reload_audience
    )
    # Cloud Run strips the signature of the header that it checks; the service verifies the other
    # one.
    headers = {"Authorization": f"Bearer {token}", "X-Serverless-Authorization": f"Bearer {token}"}
    answer = requests.post(_SETTINGS.reload_url, headers=headers, timeout=RELOAD_TIMEOUT_S)
    if answer.status_code != 200:
        raise Unavailable(f"The reload hook answered {answer.status_code}: {answer.text[:300]}")
    return int(answer.json()["epoch"])
