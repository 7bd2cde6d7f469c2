"""python -m jobs.tracking.mlflow_log: bring the tracking store up to the registry;
`jobs.tracking.track` starts it and bounds it.

Without a server the store is a SQLite file in the control bucket. All that is in it can be derived
from the registry again, so one that this MLflow cannot read is made anew.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import MutableMapping
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.id_token import fetch_id_token
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from jobs.tracking.mlflow_runs import log_missing
from jobs.tracking.mlflow_view import DATABASE
from urgency.errors import Conflict, UrgencyError
from urgency.registry import Registry
from urgency.settings import settings_or_exit
from urgency.store import ABSENT, CloudBucket, storage_client
from urgency.writes import swap

STORAGE_TIMEOUT_S = 10.0


def main() -> int:
    """Exit code 0, or 1 with one sentence on standard error."""
    settings = settings_or_exit(os.environ, "project", "registry_bucket", "control_bucket")
    client = storage_client(settings)
    registry, control = (
        CloudBucket(client, name, timeout_s=STORAGE_TIMEOUT_S, patience_s=STORAGE_TIMEOUT_S)
        for name in (settings.registry_bucket, settings.control_bucket)
    )
    try:
        identify(settings.mlflow_tracking_uri, os.environ)
        with TemporaryDirectory() as folder:
            track(Registry(registry, control), settings.mlflow_tracking_uri, Path(folder))
    except (UrgencyError, GoogleAuthError, MlflowException, SQLAlchemyError, OSError) as error:
        print(_sentence(error, settings.mlflow_tracking_uri), file=sys.stderr)  # noqa: T201  the parent reads it
        return 1
    return 0


def identify(uri: str, environ: MutableMapping[str, str]) -> None:
    """Let MLflow's client into a private server on Cloud Run, with an ID token for its address;
    others need none.

    Raises GoogleAuthError where this process has no identity.
    """
    if (urlsplit(uri).hostname or "").endswith(".run.app"):
        environ["MLFLOW_TRACKING_TOKEN"] = str(fetch_id_token(Request(), uri))


def track(registry: Registry, uri: str, folder: Path) -> None:
    """Log every missing version to `uri` or, where that is empty, to the database in the control
    bucket.

    `folder` is for temporary files.   Raises MlflowException, SQLAlchemyError, OSError,
    UrgencyError.
    """
    if not uri:
        _track_in_control(registry, folder)
        return
    client = MlflowClient(uri, uri)
    while log_missing(client, registry, folder):
        pass


def _track_in_control(registry: Registry, folder: Path) -> None:
    """Fetch, add, put back if nobody else did meanwhile; again until nothing is missing."""
    for attempt in count():
        token, before = _fetch(registry)
        file = folder / f"{attempt}.db"  # a new name each time: MLflow keeps connections by name
        client, file = _opened(file, before)
        left = log_missing(client, registry, folder)
        if (after := file.read_bytes()) != before:
            try:
                swap(registry.control, DATABASE, after, token, time.sleep)
            except Conflict:
                continue
        if not left:
            return


def _fetch(registry: Registry) -> tuple[int, bytes]:
    stored = registry.control.get(DATABASE)
    return stored or (ABSENT, b"")


def _opened(file: Path, body: bytes) -> tuple[MlflowClient, Path]:
    """A client on a file that holds `body`, or on a new one where another MLflow's tables or no
    tables are in it.
    """
    file.write_bytes(body)
    try:
        return _client(file), file
    except (MlflowException, SQLAlchemyError):
        anew = file.with_suffix(".new.db")
        return _client(anew), anew


def _client(file: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{file}", f"sqlite:///{file}")


def _sentence(error: Exception, uri: str) -> str:
    """On one line, and without the address: it may hold a password."""
    return " ".join(str(error).split()).replace(uri or "\n", "MLFLOW_TRACKING_URI")


if __name__ == "__main__":
    sys.exit(main())
