"""The Cloud Functions: a file landed -> start the job; a model was released -> reload it; and, off
by default, a helpdesk's webhook -> its ticket is scored, and a notice -> people are told.

Pub/Sub pushes to all but the webhook's. Raising tells it to try again later; returning
acknowledges. So a temporary error raises, and a permanent one is logged and acknowledged.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import functions_framework
import google.auth.transport.requests
import requests
from flask import Request, Response
from google.cloud import run_v2
from google.oauth2 import id_token

from functions.notices import Notices, poster
from functions.webhooks import Webhooks
from urgency.errors import BadMessage, Unavailable
from urgency.logs import Log
from urgency.messages import (
    Heartbeat,
    is_ticket_file,
    read_heartbeat,
    read_landed_object,
    read_model_released,
)
from urgency.settings import Settings, settings_or_exit

RELOAD_TIMEOUT_S = 10
"""Shorter than the function's own 30 s, which are shorter than the acknowledgement's 60 s."""

WEBHOOK_BYTES_MAX = 1_500_000
"""What the service takes too."""

CLOCK_SKEW_S = 10
"""How far the clocks of storage and of this instance may differ."""

_LOG = Log({"function": os.environ.get("K_SERVICE", "local")})
_REQUIRED = {
    "on_csv_landed": ("project", "region", "train_job"),
    "on_model_released": ("reload_url", "reload_audience"),
    "on_ticket_webhook": ("project", "service_url", "scored_topic", "webhook_secret"),
}
_SETTINGS: Settings = settings_or_exit(
    os.environ, *_REQUIRED.get(os.environ.get("FUNCTION_TARGET", ""), ())
)


@dataclass
class Instance:
    """What one instance of a function calls and remembers; a simulation gives it other calls.

    start_job: starts one run; its name.   reload_service: the epoch served after a reload.
    now: seconds since 1970.   Both calls raise what is temporary.
    """

    start_job: Callable[[], str]
    reload_service: Callable[[], int]
    now: Callable[[], float] = time.time
    log: Log = _LOG
    last_run_started: float = 0.0

    def on_csv_landed(self, event: Any) -> None:
        """See the function of that name."""
        try:
            if beat := read_heartbeat(event.data):
                self.feel(beat).info("heartbeat", hop="landed", execution=self.start_run())
                return
            landed = read_landed_object(event.data)
        except BadMessage as error:
            self.log.error("event_refused", reason=str(error))
            return
        log = self.log.bind(object=landed.name, generation=landed.generation)
        if not is_ticket_file(landed.name):
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

    def feel(self, beat: Heartbeat) -> Log:
        """A log that says how old a heartbeat is; what it asks for may still fail."""
        return self.log.bind(age_s=beat.sent and round(self.now() - beat.sent.timestamp(), 3))

    def on_model_released(self, event: Any) -> None:
        """See the function of that name."""
        try:
            if beat := read_heartbeat(event.data):
                log = self.feel(beat).bind(execution=beat.execution)
                log.info("heartbeat", hop="released", serving_epoch=self.reload_service())
                return
            released = read_model_released(event.data)
        except BadMessage as error:
            self.log.error("event_refused", reason=str(error))
            return
        epoch = self.reload_service()
        if epoch < released.epoch:
            seen = f"The service still serves epoch {epoch}, not {released.epoch}."
            raise Unavailable(f"{seen} Pub/Sub will try again.")
        log = self.log.bind(epoch=released.epoch, version=released.version)
        log.info("service_reloaded", execution=released.execution, serving_epoch=epoch)


@functions_framework.cloud_event
def on_csv_landed(event: Any) -> None:
    """Start the training job, unless this instance started a run after the object was written.

    A heartbeat starts it, too.
    """
    _INSTANCE.on_csv_landed(event)


@functions_framework.cloud_event
def on_model_released(event: Any) -> None:
    """Call the service's reload hook; succeed only when it serves this release or a later one.

    A heartbeat succeeds when the hook answers.
    """
    _INSTANCE.on_model_released(event)


@functions_framework.cloud_event
def on_notice(event: Any) -> None:
    """Post a notice to the webhook of the settings, once; a dead letter makes a notice, too."""
    _NOTICES.on_notice(event)


@functions_framework.http
def on_ticket_webhook(request: Request) -> Response:
    """Score the ticket of a helpdesk's webhook; the last part of the address names the helpdesk."""
    request.max_content_length = WEBHOOK_BYTES_MAX
    answer = _webhooks().answer(request.path, request.headers, request.get_data(cache=False))
    body = json.dumps(answer.members)
    headers = {**answer.headers, "Content-Type": "application/json"}
    return Response(body, answer.status, headers)


@cache
def _webhooks() -> Webhooks:
    from functions.calls import Calls

    calls, pairs = Calls(_SETTINGS), (_SETTINGS.webhook_secret, _SETTINGS.webhook_fields)
    return Webhooks(*pairs, calls.predict, calls.publish, _LOG)


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
    """POST to the reload hook with this function's ID token; returns the epoch that then serves."""
    transport = google.auth.transport.requests.Request()
    token = id_token.fetch_id_token(transport, _SETTINGS.reload_audience)
    # Cloud Run removes the signature from the header that it checks; the service checks the other.
    headers = {"Authorization": f"Bearer {token}", "X-Serverless-Authorization": f"Bearer {token}"}
    answer = requests.post(_SETTINGS.reload_url, headers=headers, timeout=RELOAD_TIMEOUT_S)
    if answer.status_code != 200:
        raise Unavailable(f"The reload hook answered {answer.status_code}: {answer.text[:300]}")
    return int(answer.json()["epoch"])


_INSTANCE = Instance(_run_train_job, _reload_service)
_NOTICES = Notices(
    post=poster(_SETTINGS.notices_url),
    runbook=_SETTINGS.runbook,
    name=os.environ.get("K_SERVICE", "on-notice"),
    log=_LOG,
)
