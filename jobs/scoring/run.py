"""python -m jobs score: one task of a run that scores an archive."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from jobs.buckets import buckets_of
from jobs.scoring.manifest import Outcome, read_manifest
from jobs.scoring.places import Below, Stores, archive_at, expect_apart, output_at
from jobs.scoring.plan import Plan, Request, plan_for
from jobs.scoring.sources import Sources
from jobs.scoring.task import Task
from jobs.tickets.rules import rules_of
from urgency.logs import Log
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.settings import Settings


class Places(NamedTuple):
    """Where one run reads and writes."""

    plan: Plan
    sources: Sources
    output: Below


@dataclass(frozen=True)
class Job:
    """Where a run takes place, and as which execution."""

    stores: Stores
    registry: Registry
    settings: Settings
    execution: str
    log: Log

    @staticmethod
    def of(settings: Settings, execution: str, log: Log) -> Job:
        """Over the buckets that `settings` name. Raises Forbidden."""
        bucket = buckets_of(settings)
        registry = Registry(bucket(settings.registry_bucket), bucket(settings.control_bucket))
        return Job(bucket, registry, settings, execution, log)

    def score(self, request: Request, target: str, task: tuple[int, int]) -> Outcome | None:
        """Score a task's share; the run's outcome where it is whole. Raises UrgencyError."""
        places = self.open(request, target)
        outcome = read_manifest(places.plan, places.output)
        if outcome is None:
            outcome = self.task(places, self.scorer(places.plan)).run(*task)
        if outcome:
            self.tell(outcome)
        return outcome

    def open(self, request: Request, target: str) -> Places:
        """A run's places and its plan, which is made where it is not there. Raises UrgencyError."""
        expect_apart(request.source, target)
        output = output_at(target, self.stores)
        archive, files = archive_at(request.source, self.stores)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        plan = plan_for(
            request,
            output,
            files,
            self.registry,
            execution=self.execution,
            at=at,
            sleep=time.sleep,
        )
        rules = rules_of(self.settings)
        sources = Sources(archive, output, rules, plan.request.shard_bytes, time.sleep)
        return Places(plan, sources, output)

    def scorer(self, plan: Plan) -> Scorer:
        """That of the plan's version."""
        version = plan.request.version
        return verified_scorer(self.registry.bundle(version, plan.manifest_sha256))

    def task(self, places: Places, scorer: Scorer) -> Task:
        """A task of the run."""
        plan, sources, output = places
        return Task(plan, sources, output, scorer, self.log, time.sleep)

    def tell(self, outcome: Outcome) -> None:
        """Log what came out."""
        for sentence in outcome.refused:
            self.log.error("file_refused", reason=sentence)
        self.log.info(
            "archive_scored",
            rows=outcome.rows,
            bad=outcome.bad,
            parts=len(outcome.parts),
            version=outcome.version,
            refused=len(outcome.refused),
        )
