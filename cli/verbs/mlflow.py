import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated
from urllib.request import urlopen

import typer

from cli.context import reach
from cli.show import plain, say
from cli.usage_error import UsageError
from infra.local.processes import Process, answers, ended_with_us, launch
from infra.local.state import home_of
from jobs.tracking import QUIET
from urgency.errors import Unavailable
from urgency.settings import Settings

READY_S = 120.0


def mlflow(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of MLflow's pages.")] = 5000,
) -> None:
    """Show every version in MLflow: runs, figures and models that load; Ctrl-C ends it.

    A project's own tracking server answers here through gcloud, as you; where there is none, all
    of it is made from the registry, and what you change in the pages stays on this machine.

    Example: urgency mlflow --port 5001
    """
    system = reach()
    if uri := system.settings.mlflow_tracking_uri:
        return say(f"The tracking server is {plain(uri)}; open it in a browser.")
    if answers(port):
        raise UsageError(f"Port {port} is in use: choose another one with --port.")
    if system.settings.mlflow_service:
        raise typer.Exit(_through_gcloud(system.settings, port))
    mlflow_version = _installed_version()
    os.environ.update(QUIET)
    from jobs.tracking.mlflow_runs import build_store  # late: see jobs.tracking

    folder = home_of(os.environ).root / "mlflow" / system.settings.project
    uri, experiment = build_store(system.registry, folder, mlflow_version)
    page = f"http://127.0.0.1:{port}/#/experiments/{experiment}"
    with suppress(KeyboardInterrupt), ended_with_us(_start(uri, port, folder)) as server:
        _wait_for(page, server, folder)
        say(f"MLflow answers at [bold]{page}[/]; Ctrl-C ends it. Its store is {plain(uri)}")
        raise typer.Exit(server.wait())


def _installed_version() -> str:
    try:
        return version("mlflow")
    except PackageNotFoundError:
        raise UsageError("MLflow is missing: pip install 'ticket-urgency[local]'.") from None


def _through_gcloud(settings: Settings, port: int) -> int:
    """The exit code of gcloud, which brings the private server to `port` until Ctrl-C."""
    where = ("--project", settings.project, "--region", settings.region, "--port", str(port))
    command = ("gcloud", "run", "services", "proxy", settings.mlflow_service, *where)
    say(
        f"The tracking server answers at [bold]http://127.0.0.1:{port}[/] when gcloud says so;"
        " Ctrl-C ends it.",
        f"  {plain(' '.join(command))}",
    )
    with suppress(KeyboardInterrupt):
        try:
            return subprocess.run(command, check=False).returncode
        except FileNotFoundError:
            how = "install it, https://cloud.google.com/sdk/docs/install"
            raise UsageError(
                f"gcloud is not installed here: {how}, or run this where it is."
            ) from None
    return 0


def _start(uri: str, port: int, folder: Path) -> Process:
    """MLflow's server with one worker; its log is in `folder`."""
    where = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    command = (sys.executable, "-W", "ignore", "-m", "mlflow", "server", *where)
    return launch((*command, "--backend-store-uri", uri), os.environ, folder, folder / "server.log")


def _wait_for(page: str, server: Process, folder: Path) -> None:
    until = time.monotonic() + READY_S
    while server.poll() is None and time.monotonic() < until:
        with suppress(OSError), urlopen(page, timeout=READY_S):  # noqa: S310  our own address
            return
        time.sleep(0.1)
    raise Unavailable(f"MLflow did not start; the end of {folder}/server.log says why.")
