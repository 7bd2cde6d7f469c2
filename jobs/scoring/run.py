"""python -m jobs score: one task of a run that scores an archive."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from jobs.scoring.manifest import Outcome, read_manifest
from jobs.scoring.places import Stores, archive_at, output_at
from jobs.scoring.plan import Request, plan_for
from jobs.scoring.task import Task
from jobs.tickets.rules import rules_of
from urgency.logs import Log
from urgency.registry import Registry
from urgency.scorer import verified_scorer
from urgency.settings import Settings


def score(
    request: Request,
    target: str,
    task: tuple[int, int],
    *,
    stores: Stores,
    registry: Registry,
    settings: Settings,
    execution: str,
    log: Log,
) -> Outcome | None:
    """Score a task's share; the run's outcome where it is whole. Raises UrgencyError."""
    output = output_at(target, stores)
    archive, files = archive_at(request.source, stores)
    plan = plan_for(
        request,
        output,
        files,
        registry,
        execution=execution,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        sleep=time.sleep,
    )
    outcome = read_manifest(output)
    if outcome is None:
        scorer = verified_scorer(registry.bundle(plan.request.version, plan.manifest_sha256))
        rules = rules_of(settings)
        work = Task(plan, archive, output, scorer, rules, log, time.sleep)
        outcome = work.run(*task)
    if outcome:
        _tell(outcome, log)
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
