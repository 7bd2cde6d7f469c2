"""urgency mlflow: open the tracking UI."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

from cli.show import plain, say

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def mlflow(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the tracking UI.")] = 5000,
) -> None:
    """Open MLflow's UI on every run and registered model, with the models laid out beside them;
    Ctrl-C ends it.

    The store is a copy: what is changed in the UI stays in the copy.

    Example: urgency mlflow --port 5001
    """
    from cli.context import reach
    from infra.local.state import home_of
    from jobs.tracking.mlflow_view import open_tracking_store

    system = reach()
    if uri := system.settings.mlflow_tracking_uri:
        return say(f"The tracking server is {plain(uri)}; open it in a browser.")
    uri = open_tracking_store(
        system.registry, home_of(os.environ).root / "mlflow" / system.settings.project
    )
    say(f"MLflow answers at [bold]http://127.0.0.1:{port}[/]; its store is {plain(uri)}")
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--backend-store-uri",
        uri,
        "--port",
        str(port),
    ]
    ended = subprocess.run(command, env=os.environ | QUIET, check=False)
    raise typer.Exit(ended.returncode)
