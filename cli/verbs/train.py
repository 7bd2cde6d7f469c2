"""urgency train: start a run of the training job now."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.show import Json, emit_json, plain, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.context import System


def train(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Train and judge here; write nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Train also when nothing changed.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 900.0,
    as_json: Json = False,
) -> None:
    """Start the training job now; without new data or a new recipe it finds nothing to do.

    --dry-run shows what the next version would be and how it would be judged. --force in the cloud
    needs the right to run the job with overrides; here it runs as the job's identity.

    Examples: urgency train --wait; urgency train --dry-run
    """
    from cli.context import reach
    from cli.usage_error import Mistake

    if dry_run and force:
        raise Mistake(
            "--dry-run writes nothing and --force writes although nothing changed: take one of"
            " them."
        )
    system = reach()
    if dry_run:
        from jobs.__main__ import main

        raise typer.Exit(main(["train", "--dry-run"]))
    if force and system.local:
        raise typer.Exit(_run_here(system.local.job_environment))
    run = system.runs.start(*(("train", "--force") if force else ()))
    if not as_json:
        say(f"Run [bold]{plain(run)}[/] is started.")
    state = _ended(system, run, timeout, quiet=as_json) if wait else "running"
    if as_json:
        emit_json({"execution": run, "state": state})
    raise typer.Exit(1 if wait and state != "succeeded" else 0)


def _run_here(environment: Mapping[str, str]) -> int:
    """The job as a process of its own that is the job's identity: the local cloud runs jobs as
    configured only.
    """
    return subprocess.run(
        [sys.executable, "-m", "jobs", "train", "--force"], env=environment, check=False
    ).returncode


def _ended(system: System, run: str, timeout_s: float, *, quiet: bool) -> str:
    """How the run stands when it ends or the time is over, its hops told meanwhile."""
    from cli.verbs.drop import hop_printer, pause_s
    from cli.watch import Watch

    watch = Watch(system, (lambda _hop: None) if quiet else hop_printer())
    until = time.monotonic() + timeout_s
    while (found := system.runs.find(run)).state == "running" and time.monotonic() < until:
        watch.look()
        time.sleep(pause_s(system))
    watch.look()
    if not quiet:
        say(f"It {found.state}." if found.seconds is not None else "It still runs.")
    return found.state
