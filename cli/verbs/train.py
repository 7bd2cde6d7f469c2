import time
from typing import Annotated

import typer

from cli.context import Local, System, reach, reach_to_change
from cli.show import Json, Timeout, emit_json, plain, say
from cli.usage_error import TRAINING, UsageError, require
from cli.watch import Watch, hop_printer, ignore_hop
from jobs.__main__ import main as train_here

DryRun = Annotated[bool, typer.Option("--dry-run", help="Train and judge here; write nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Train also when nothing changed.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")]


def train(
    dry_run: DryRun = False,
    force: Force = False,
    wait: Wait = False,
    timeout: Timeout = 900.0,
    as_json: Json = False,
) -> None:
    """Start the training job now; without new data or a new recipe it finds nothing to do.

    --dry-run shows what the next version would be and how it would be judged. --force in the cloud
    needs the right to run the job with overrides; here it runs as the job's identity.

    Examples: urgency train --wait; urgency train --dry-run
    """
    if dry_run and force:
        raise UsageError("--dry-run writes nothing and --force writes: choose one of them.")
    if dry_run:
        reach()  # its settings are the training's
        require(*TRAINING)
        raise typer.Exit(train_here(["train", "--dry-run"]))
    system = reach_to_change()
    if force and system.local:
        raise typer.Exit(_force_here(system.local))
    run = system.runs.start(*(("train", "--force") if force else ()))
    if not as_json:
        say(f"Run [bold]{plain(run)}[/] is started.")
    state = _state_at_end(system, run, timeout, quiet=as_json) if wait else "running"
    if as_json:
        emit_json({"execution": run, "state": state})
    raise typer.Exit(1 if wait and state != "succeeded" else 0)


def _force_here(local: Local) -> int:
    from cli.local_job import run_job  # its imports come with the extra `local` only

    return run_job(local, "train", "--force")


def _state_at_end(system: System, run: str, timeout_s: float, *, quiet: bool) -> str:
    """The run's state when it ends or the time is over; its hops are shown meanwhile."""
    watch = Watch(system, ignore_hop if quiet else hop_printer())
    until = time.monotonic() + timeout_s
    while (found := system.runs.find(run)).state == "running" and time.monotonic() < until:
        watch.look()
        time.sleep(system.pause_s)
    watch.look()
    if not quiet:
        say(f"It {found.state}." if found.seconds is not None else "It is still running.")
    return found.state
