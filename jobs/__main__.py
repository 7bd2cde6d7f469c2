"""python -m jobs train | score | drift. Exit code 0: done, 1: retry, 2: settings or rights."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from jobs.buckets import buckets_of
from jobs.console import finished, job_log
from jobs.protocol.crash_points import Reached, crash_points
from jobs.protocol.lease import Lease
from jobs.protocol.live import follow_live_quality
from jobs.protocol.notices import tell_what_happened
from jobs.protocol.publish import beat, publisher
from jobs.protocol.reconcile import Reconciler, Trainer
from jobs.protocol.snapshots import list_landing, next_snapshot
from jobs.protocol.summary import log_reconciled
from jobs.recipe import recipe_of
from jobs.scoring import command
from jobs.tracking.track import track_all
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings, read_settings
from urgency.store import CloudBucket

NEEDED = ("project", "landing_bucket", "registry_bucket", "control_bucket", "release_topic")
SPARE_S = 60.0
"""The run stops this long before the platform kills it: the next attempt starts clean."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    options = _parser().parse_args(arguments)
    execution = os.environ.get("CLOUD_RUN_EXECUTION") or f"manual-{socket.gethostname()}"
    log = job_log(execution)
    return finished(partial(options.command, options, execution), log)


def _train(options: argparse.Namespace, execution: str, log: Log) -> int:
    run = Run.of(read_settings(os.environ, *NEEDED), execution, log)
    if options.dry_run:
        print(run.rehearse())  # noqa: T201
    else:
        run.reconcile(force=options.force)
    return 0


def _score(options: argparse.Namespace, execution: str, log: Log) -> int:
    from jobs.scoring.run import Job  # a training reads no ticket before it has to

    settings = read_settings(os.environ, *command.NEEDED)
    job = Job.of(settings, execution, log)
    task = command.task_of(os.environ)
    outcome = job.score(command.request_of(options), options.target, task)
    return 2 if outcome and outcome.refused else 0


def _drift(_options: argparse.Namespace, _execution: str, log: Log) -> int:
    from jobs.drift.run import NEEDED, DriftRun  # a training needs none of it
    from jobs.start import start_run

    settings = read_settings(os.environ, *NEEDED, "region", "train_job")
    run, now = DriftRun.of(settings, log), _now()
    if not run.registry.current_release()[1].champion:  # a night without work is no failure
        log.info("nothing_released")
        return 0
    drift = run.check(now)
    run.record(drift)
    run.ask(drift.result, now, partial(start_run, settings, settings.train_job))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jobs", description="The jobs of ticket-urgency."
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
    train.set_defaults(command=_train)
    command.add_score(commands).set_defaults(command=_score)
    _add_drift(commands)
    how = train.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="train and judge, print the verdict, write nothing"
    )
    how.add_argument(
        "--force", action="store_true", help="train also when neither data nor recipe changed"
    )
    return parser


def _add_drift(commands: Any) -> None:
    drift = commands.add_parser(
        "drift",
        help="say whether what is scored still looks like what was trained on",
        description=(
            "Compare what the service counted (the bucket of observed lines) with the reference of"
            " the version that serves; write drift/ in the control bucket. Settings come from the"
            " environment."
        ),
    )
    drift.set_defaults(command=_drift)


@dataclass(frozen=True)
class Run:
    """One execution: its settings, its log, and the buckets it works on."""

    settings: Settings
    execution: str
    log: Log
    recipe: str
    reached: Reached
    landing: CloudBucket
    registry: Registry

    @staticmethod
    def of(settings: Settings, execution: str, log: Log) -> Run:
        """Over the buckets that `settings` name. Raises SettingsError, or Forbidden."""
        recipe, reached = recipe_of(settings), crash_points(settings)
        bucket = buckets_of(settings)
        registry = Registry(bucket(settings.registry_bucket), bucket(settings.control_bucket))
        landing = bucket(settings.landing_bucket)
        return Run(settings, execution, log, recipe, reached, landing, registry)

    def reconcile(self, *, force: bool) -> None:
        """Bring the model up to what is in the bucket. Raises UrgencyError."""
        control, ttl_s = self.registry.control, self.settings.lease_s
        publish, epoch = publisher(self.settings), self.registry.current_release()[1].epoch
        Reconciler(
            landing=self.landing,
            registry=self.registry,
            lease=Lease(
                control, self.execution, ttl_s=ttl_s, now=_now, sleep=time.sleep, log=self.log
            ),
            trainer=self._trainer,
            publish=publish,
            recipe=self.recipe,
            execution=self.execution,
            deadline=_now() + timedelta(seconds=self.settings.task_timeout_s - SPARE_S),
            now=_now,
            sleep=time.sleep,
            reached=self.reached,
            log=self.log,
            force=force,
        ).run()
        log_reconciled(self.registry, _now(), self.log)
        follow_live_quality(self.landing, self.registry, _now(), self.log)
        tell_what_happened(self.settings, self.registry, self.log, self.reached)
        track_all(self.settings, self.registry, self.log)
        self.reached("tracked")
        beat(self.registry, publish, self.execution, self.log, epoch=epoch)

    def rehearse(self) -> str:
        """Train and judge what is in the bucket now, write nothing; what came out, for people."""
        files = list_landing(self.landing)
        if not files:
            return "There is nothing in the landing bucket; drop a CSV below incoming/."
        newest = self.registry.newest_snapshot()
        snapshot = next_snapshot(newest, files, self.recipe, now=_now(), forced_by=None)
        champion = self.registry.current_release()[1].champion
        made, _parts = self._trainer().train(snapshot, champion)
        outcome = {"verdict": asdict(made.verdict), "metrics": made.metrics, "rows": made.rows}
        return json.dumps(outcome)

    def _trainer(self) -> Trainer:
        # It brings SciPy along: most runs have nothing to train.
        from jobs.training import LandedTrainer

        return LandedTrainer(
            self.landing, self.registry, self.settings, self.execution, _now, self.reached, self.log
        )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
