"""create_app(): the only door to the service."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from flask import Flask

from service import REQUIRED_SETTINGS
from service.auth import Certificates, ReloadCaller
from service.freshness import Freshness
from service.local_copy import LocalCopy
from service.metrics import Metrics
from service.model_slot import ModelSlot
from service.problems import answer_with_problems
from service.routes import BODY_MAX_BYTES, Api
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings, settings_or_exit
from urgency.store import CloudBucket, storage_client

POINTER_TIMEOUT_S = 0.3
"""Of connecting and of reading; the pointer is checked while somebody waits for a prediction."""

MODEL_TIMEOUT_S = 3.0
"""Of connecting and of each read of a manifest or blob."""


def create_app(
    environ: Mapping[str, str] = os.environ,
    *,
    registry: Callable[[], Registry] | None = None,
    clock: Callable[[], float] = time.monotonic,
    log: Log | None = None,
) -> Flask:
    """The service, with a model if one can be had now. Ends the process when a setting is missing.

    registry: called whenever storage is needed; Cloud Storage by default.   clock: monotonic, in
    seconds.
    """
    settings = settings_or_exit(environ, *REQUIRED_SETTINGS)
    log = log or Log(
        {
            "service": environ.get("K_SERVICE", "local"),
            "execution": environ.get("K_REVISION", "local"),
        }
    )
    metrics = Metrics()
    registry = registry or cache(lambda: _cloud_registry(settings))
    slot = _model_slot(settings, registry, clock, log, metrics)
    slot.start()
    certificates = Certificates(settings.certs_url, clock=clock)
    caller = ReloadCaller(settings.reload_audience, settings.reload_caller, certificates)

    app = Flask("service", static_folder=None)
    # One more than is taken: of a body without a declared length, werkzeug silently cuts what is
    # beyond.
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES + 1
    app.url_map.merge_slashes = False
    answer_with_problems(app, log)
    vertex_route = environ.get("AIP_PREDICT_ROUTE", "")
    api = Api(slot, registry, caller, metrics, log)
    app.register_blueprint(api.blueprint(predict_routes=[vertex_route] if vertex_route else []))
    return app


def _model_slot(
    settings: Settings,
    registry: Callable[[], Registry],
    clock: Callable[[], float],
    log: Log,
    metrics: Metrics,
) -> ModelSlot:
    keeper = LocalCopy(Path(settings.disk_copy)) if settings.disk_copy else None
    baked = LocalCopy(Path(settings.baked_bundle)) if settings.baked_bundle else None
    return ModelSlot(
        registry,
        Freshness(settings.pointer_soft_s, settings.pointer_hard_s, clock()),
        log=log,
        metrics=metrics,
        copies=[copy for copy in (keeper, baked) if copy],
        keeper=keeper,
        clock=clock,
    )


def _cloud_registry(settings: Settings) -> Registry:
    """Nothing is retried: who serves answers with what it has. Raises Forbidden without
    credentials.
    """
    client = storage_client(settings)
    return Registry(
        CloudBucket(client, settings.registry_bucket, timeout_s=MODEL_TIMEOUT_S),
        CloudBucket(client, settings.control_bucket, timeout_s=POINTER_TIMEOUT_S),
    )
