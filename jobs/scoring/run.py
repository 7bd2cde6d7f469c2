"""python -m jobs score: one task of a run that scores an archive."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.scoring.manifest import Outcome, read_manifest
from jobs.scoring.places import Stores, archive_at, expect_apart, output_at
from jobs.scoring.plan import Request, plan_for
from jobs.scoring.task import Task
from jobs.tickets.rules import rules_of
from urgency.logs import Log
from urgency.registry import Registry
from urgency.scorer import verified_scorer
from urgency.settings import Settings


@dataclass(frozen=True)
class Job:
    """Where a run takes place, and as which execution."""

    stores: Stores
    registry: Registry
    settings: Settings
    execution: str
    log: Log

    def score(self, request: Request, target: str, task: tuple[int, int]) -> Outcome | None:
        """Score a task's share; the run's outcome where it is whole. Raises UrgencyError."""
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
        outcome = read_manifest(output)
        if outcome is None:
            version = plan.request.version
            scorer = verified_scorer(self.registry.bundle(version, plan.manifest_sha256))
            rules = rules_of(self.settings)
            work = Task(plan, archive, output, scorer, rules, self.log, time.sleep)
            outcome = work.run(*task)
        if outcome:
            _tell(outcome, self.log)
        return outcome


def _tell(outcome: Outcome, log: Log) -> None:
    for sentence in outcome.refused:
        log.error("file_refused", reason=sentence)
    log.info(
        "archive_scored",
        rows=outcome.rows,
        bad=outcome.bad,
        parts=len(outcome.parts),
        version=outcome.version,
        refused=len(outcome.refused),
    )
