"""MLflow comes last: what its store lacks is logged by a subprocess, bounded in time; its outage
harms nothing.

`tracked.json` in the control bucket says how far the store is known to be, so that a run with
nothing to log imports no mlflow. It is a hint that saves work: the subprocess asks the store
itself, and logging twice changes nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from urgency.bundle import canonical_json, digest
from urgency.errors import Conflict, Unavailable, UrgencyError
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT

TRACKED = "tracked.json"
BOUND_S = 30.0
REASON_MAX = 500

COMMAND = (sys.executable, "-W", "ignore", "-m", "jobs.tracking.mlflow_log")
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
    """Log every version that the tracking store lacks; a failure is one warning, and the next run
    tries again.
    """
    began = time.monotonic()
    try:
        versions = len(registry.model_numbers())
        wanted = _state(settings, registry, versions)
        token, known = _known(registry)
        if versions == 0 or known == wanted:
            return
        _run(command, bound_s)
        registry.control.put(TRACKED, wanted, token)
        log.info("tracked", versions=versions, duration_s=round(time.monotonic() - began, 2))
    except Conflict:
        log.info("tracked_by_another_run")
    except (UrgencyError, OSError) as error:
        log.warning("tracking_failed", reason=str(error)[-REASON_MAX:])


def _state(settings: Settings, registry: Registry, versions: int) -> bytes:
    """What a complete store has. Manifests are never deleted, so that their number says whether
    there is a new one.
    """
    _token, release = registry.current_release()
    store = digest(settings.mlflow_tracking_uri.encode())  # an address may hold a password
    return canonical_json(
        {"schema": 1, "store": store, "versions": versions, "champion": release.champion}
    )


def _known(registry: Registry) -> tuple[int, bytes]:
    stored = registry.control.get(TRACKED)
    return stored or (ABSENT, b"")


def _run(command: Sequence[str], bound_s: float) -> None:
    """Raises Unavailable, with the last line that the subprocess said."""
    try:
        ended = subprocess.run(
            command,
            env=os.environ | QUIET | IMPATIENT,
            capture_output=True,
            timeout=bound_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"MLflow was given up after {bound_s:g} s.") from None
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(said[-1] if said else f"MLflow's process ended with {ended.returncode}.")
