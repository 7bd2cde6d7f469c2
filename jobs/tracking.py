"""MLflow comes last: what its store lacks is logged by a subprocess, bounded in time; its outage harms nothing.

`tracked.json` in the control bucket says how far the store is known to be, so that a run with nothing to log imports no
mlflow. It is a hint that saves work: the subprocess asks the store itself, and logging twice changes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from urgency.bundle import canonical_json, digest
from urgency.errors import Conflict, Unavailable, UrgencyError
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT, Unchanged
from urgency.writes import swap

TRACKED = "tracked.json"
BOUND_S = 30.0
REASON_MAX = 500

COMMAND = (sys.executable, "-W", "ignore", "-m", "jobs.mlflow_log")
"""mlflow's imports warn about its own dependencies; nobody here can act on that."""

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
"""No call home, and no search for a git checkout."""

IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
"""At its defaults a dead server blocks for over 240 s."""


def track_all(
    settings: Settings,
    registry: Registry,
    log: Log,
    *,
    command: Sequence[str] = COMMAND,
    bound_s: float = BOUND_S,
) -> None:
    """Log every version that the tracking store lacks; a failure is one warning, and the next run tries again."""
    began = time.monotonic()
    try:
        token, known = _known(registry, settings)
        wanted = _wanted(registry, settings)
        if known == wanted:
            return
        _run(command, bound_s)
        swap(registry.control, TRACKED, canonical_json(wanted), token, time.sleep)
        log.info("tracked", versions=wanted["versions"], duration_s=round(time.monotonic() - began, 2))
    except Conflict:
        log.info("tracked_by_another_run")
    except (UrgencyError, OSError, ValueError) as error:
        log.warning("tracking_failed", reason=str(error)[-REASON_MAX:])


def _wanted(registry: Registry, settings: Settings) -> dict[str, Any]:
    """Manifests are never deleted, so that their number says whether there is a new one."""
    _token, release = registry.current_release()
    return _state(settings, versions=len(registry.model_numbers()), champion=release.champion)


def _known(registry: Registry, settings: Settings) -> tuple[int, dict[str, Any]]:
    stored = registry.control.get(TRACKED)
    if stored is None or isinstance(stored, Unchanged):
        return ABSENT, _state(settings, versions=0, champion=0)
    return stored.token, json.loads(stored.body)


def _state(settings: Settings, *, versions: int, champion: int) -> dict[str, Any]:
    """The store goes by its digest, since an address may hold a password."""
    store = digest(settings.mlflow_tracking_uri.encode())
    return {"schema": 1, "store": store, "versions": versions, "champion": champion}


def _run(command: Sequence[str], bound_s: float) -> None:
    """Raises Unavailable, with the last line that the subprocess said."""
    try:
        ended = subprocess.run(
            command, env=os.environ | QUIET | IMPATIENT, capture_output=True, timeout=bound_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"MLflow was given up after {bound_s:g} s.") from None
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(said[-1] if said else f"MLflow's process ended with {ended.returncode}.")
