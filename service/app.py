"""How the service is put together: create_door() as it is served, create_app() without a server."""

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from service import REQUIRED_SETTINGS
from service.answers import Answers
from service.background import Background
from service.door import Door
from service.freshness import Freshness
from service.local_copy import LocalCopy
from service.members import warm
from service.metrics import Metrics
from service.model_slot import ModelSlot
from service.observed import Observer
from service.pointer_checks import OpenRegistry
from service.request_log import RequestLog, TracedLog
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings, settings_or_exit
from urgency.store import CloudBucket, storage_client

if TYPE_CHECKING:
    from flask import Flask

Clock = Callable[[], float]

VERTEX = ("PREDICT", "HEALTH")
"""The routes that Vertex AI names, as AIP_PREDICT_ROUTE."""

_PATH = re.compile(r"/[^<>?#\s]*")

POINTER_TIMEOUT_S = 0.3
"""For connecting and for each read: a request waits while the pointer is checked."""

POINTER_BYTES_MOST = 64 * 1024
"""Over a hundred times what the job writes."""

MODEL_TIMEOUT_S = 3.0
"""For connecting and for each read of a manifest or blob."""


def create_app(
    environ: Mapping[str, str] = os.environ,
    *,
    registry: OpenRegistry | None = None,
    clock: Clock = time.monotonic,
    log: Log | None = None,
) -> "Flask":
    """The service as Flask alone, which any WSGI server serves; `create_door` says the rest."""
    return create_door(environ, registry=registry, clock=clock, log=log).app


def create_door(
    environ: Mapping[str, str] = os.environ,
    *,
    registry: OpenRegistry | None = None,
    clock: Clock = time.monotonic,
    log: Log | None = None,
) -> Door:
    """The service, with a model if one can be loaded. Ends the process when a setting is missing.

    registry: called at each use; Cloud Storage by default.   clock: monotonic, in seconds.
    """
    settings = settings_or_exit(environ, *REQUIRED_SETTINGS)
    log = log or _log_of(environ)
    metrics = Metrics()
    registry = registry or cache(lambda: _cloud_registry(settings))
    slot = _model_slot(settings, registry, clock, log, metrics)
    Thread(target=warm, daemon=True).start()  # while the slot waits for storage
    slot.start()
    answers = _answers(environ, settings, slot, log, Observer(log, clock))

    def web() -> "Flask":
        from service.web import web_app  # a fifth of a start

        return web_app(settings, registry, answers, log, clock)

    return Door(web, answers)


def _answers(
    environ: Mapping[str, str], settings: Settings, slot: ModelSlot, log: Log, observer: Observer
) -> Answers:
    traced = TracedLog(log, settings.project)
    predict, ready = (_route(environ, f"AIP_{name}_ROUTE") for name in VERTEX)
    return Answers(
        slot,
        slot.metrics,
        observer,
        traced=traced,
        lines=RequestLog(traced) if settings.log_level == "debug" else None,
        predict_paths=predict,
        ready_paths=ready,
    )


def _route(environ: Mapping[str, str], name: str) -> list[str]:
    """The path that a setting names, if any. Ends the process when it is none."""
    path = environ.get(name, "")
    if path and not _PATH.fullmatch(path):
        sys.exit(f"{name} must be a path like /predict.")
    return [path] if path else []


def _log_of(environ: Mapping[str, str]) -> Log:
    names = {"service": "K_SERVICE", "execution": "K_REVISION"}
    return Log({field: environ.get(name, "local") for field, name in names.items()})


def _model_slot(
    settings: Settings, registry: OpenRegistry, clock: Clock, log: Log, metrics: Metrics
) -> ModelSlot:
    folders = (settings.disk_copy, settings.baked_bundle)
    disk, baked = (LocalCopy(Path(folder)) if folder else None for folder in folders)
    copies = [copy for copy in (disk, baked) if copy]
    freshness = Freshness(settings.pointer_soft_s, settings.pointer_hard_s, clock())
    return ModelSlot(
        registry,
        freshness,
        log=log,
        metrics=metrics,
        background=Background(),
        copies=copies,
        keeper=disk,
        clock=clock,
    )


def _cloud_registry(settings: Settings) -> Registry:
    """A registry that never retries: requests are waiting. Raises Forbidden without credentials."""
    client = storage_client(settings, token_wait_s=MODEL_TIMEOUT_S)
    models = CloudBucket(client, settings.registry_bucket, timeout_s=MODEL_TIMEOUT_S)
    pointer: dict[str, Any] = {"timeout_s": POINTER_TIMEOUT_S, "get_most": POINTER_BYTES_MOST}
    control = CloudBucket(client, settings.control_bucket, **pointer)
    return Registry(models, control)
