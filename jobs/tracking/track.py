"""The last step of a run: log what the tracking server lacks, where a server is named.

`tracked.json` in the control bucket says how far the server is known to be, so that a run with
nothing to log imports no mlflow. It is a hint that saves work: logging twice changes nothing.
"""

import os
from threading import Thread
from urllib.parse import urlsplit

from google.auth.transport.requests import Request
from google.oauth2.id_token import fetch_id_token

from jobs.tracking import QUIET
from urgency.bundle import canonical_json, digest
from urgency.errors import Conflict
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT

TRACKED = "tracked.json"
BOUND_S = 30.0
REASON_MAX = 500

IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
"""At its defaults a dead server blocks for over 240 s."""


def track_all(
    settings: Settings, registry: Registry, log: Log, *, bound_s: float = BOUND_S
) -> None:
    """Log what the named server lacks; trouble is one warning, and the next run tries again.

    Returns within `bound_s`: a thread that hangs is left behind and ends with the process.
    """
    if uri := settings.mlflow_tracking_uri:
        thread = Thread(target=_track, args=(uri, registry, log), daemon=True)
        thread.start()
        thread.join(bound_s)
        if thread.is_alive():
            log.warning("tracking_failed", reason=f"MLflow was given up after {bound_s:g} s.")


def _track(uri: str, registry: Registry, log: Log) -> None:
    try:
        versions, champion = len(registry.model_numbers()), registry.current_release()[1].champion
        token, known = registry.control.get(TRACKED) or (ABSENT, b"")
        # Manifests are never deleted: their number says enough. An address may hold a password.
        state = {"store": digest(uri.encode()), "versions": versions, "champion": champion}
        complete = canonical_json({"schema": 1} | state)
        if versions and known != complete:
            os.environ.update(QUIET | IMPATIENT)
            identify(uri)
            from jobs.tracking.mlflow_runs import log_missing  # late: see jobs.tracking

            log_missing(uri, registry)
            registry.control.put(TRACKED, complete, token)
            log.info("tracked", versions=versions)
    except Conflict:
        log.info("tracked_by_another_run")
    except Exception as error:  # noqa: BLE001  nothing that MLflow does may fail a run
        reason = " ".join(str(error).split()) or type(error).__name__
        reason = reason.replace(uri, "MLFLOW_TRACKING_URI")[-REASON_MAX:]
        log.warning("tracking_failed", reason=reason)


def identify(uri: str) -> None:
    """Give MLflow's client an ID token for a private server on Cloud Run; others need none."""
    if (urlsplit(uri).hostname or "").endswith(".run.app"):
        os.environ["MLFLOW_TRACKING_TOKEN"] = str(fetch_id_token(Request(), uri))
