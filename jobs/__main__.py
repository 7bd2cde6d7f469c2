"""python -m jobs train: one run of reconcile(). Exit codes: 0 reconciled, 1 the world's fault, 2
the caller's.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import extract_tb

from jobs.console import job_log
from jobs.protocol.crash_points import crash_points
from jobs.protocol.lease import Lease
from jobs.protocol.publish import publisher
from jobs.protocol.reconcile import Reconciler, Trainer
from jobs.protocol.snapshots import list_landing, next_snapshot
from jobs.protocol.summary import log_reconciled
from jobs.recipe import recipe_of
from jobs.tracking.track import track_all
from urgency.errors import Forbidden, SettingsError, UrgencyError
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings, read_settings
from urgency.store import CloudBucket, storage_client

NEEDED = ("project", "landing_bucket", "registry_bucket", "control_bucket", "release_topic")
STORAGE_TIMEOUT_S = 60.0
PATIENCE_S = 60.0
"""How long a read is tried again before the run fails and the platform starts another attempt."""

SPARE_S = 60.0
"""The run stops this long before the platform would kill it, so that the next attempt starts from a
clean end.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    options = _parser().parse_args(arguments)
    execution = os.environ.get("CLOUD_RUN_EXECUTION") or f"manual-{socket.gethostname()}"
    log = job_log(execution)
    try:
        settings = read_settings(os.environ, *NEEDED)
        return _train(settings, execution, log, force=options.force, dry_run=options.dry_run)
    except (SettingsError, Forbidden) as error:
        log.error("run_refused", reason=str(error))
        return 2
    except UrgencyError as error:
        log.error("run_failed", reason=str(error))
        return 1
    except Exception as error:  # noqa: BLE001  the last edge; a message of anybody else's could quote a ticket
        places = [
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in extract_tb(error.__traceback__)
        ]
        log.error("run_crashed", error=type(error).__name__, places=places)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jobs", description="The training job of ticket-urgency."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser(
        "train",
        help="bring the model up to what is in the landing bucket",
        description=(
            "Compare what is in the landing bucket with what was trained; train, judge and release"
            " what is new. Running it twice, at once or after a crash is safe. Settings come from"
            " the environment."
        ),
    )
    how = train.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="train and judge, print the verdict, write nothing"
    )
    how.add_argument(
        "--force", action="store_true", help="train also when neither data nor recipe changed"
    )
    return parser


def _train(settings: Settings, execution: str, log: Log, *, force: bool, dry_run: bool) -> int:
    recipe, reached = recipe_of(settings), crash_points(settings)
    client = storage_client(settings)

    def bucket(name: str) -> CloudBucket:
        return CloudBucket(client, name, timeout_s=STORAGE_TIMEOUT_S, patience_s=PATIENCE_S)

    landing, control = bucket(settings.landing_bucket), bucket(settings.control_bucket)
    registry = Registry(bucket(settings.registry_bucket), control)

    def trainer() -> Trainer:
        # It brings pandas and scikit-learn along: most runs have nothing to train.
        from jobs.training import LandedTrainer

        return LandedTrainer(landing, registry, settings, execution, _now, reached, log)

    if dry_run:
        return _rehearse(trainer(), landing, registry, recipe)
    Reconciler(
        landing=landing,
        registry=registry,
        lease=Lease(
            control, execution, ttl_s=settings.lease_s, now=_now, sleep=time.sleep, log=log
        ),
        trainer=trainer,
        publish=publisher(settings),
        recipe=recipe,
        execution=execution,
        deadline=_now() + timedelta(seconds=settings.task_timeout_s - SPARE_S),
        now=_now,
        sleep=time.sleep,
        reached=reached,
        log=log,
        force=force,
    ).run()
    log_reconciled(registry, _now(), log)
    track_all(settings, registry, log)
    reached("tracked")
    return 0


def _rehearse(trainer: Trainer, landing: CloudBucket, registry: Registry, recipe: str) -> int:
    """Train and judge what is in the bucket now, print verdict and metrics, write nothing."""
    files = list_landing(landing)
    if not files:
        print("There is nothing in the landing bucket; drop a CSV below incoming/.")  # noqa: T201
        return 0
    snapshot = next_snapshot(registry.newest_snapshot(), files, recipe, now=_now(), forced_by=None)
    manifest, _parts = trainer.train(snapshot, registry.current_release()[1].champion)
    print(
        json.dumps(
            {
                "verdict": asdict(manifest.verdict),
                "metrics": manifest.metrics,
                "rows": manifest.rows,
            }
        )
    )  # noqa: T201
    return 0


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
