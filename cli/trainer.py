"""The training code at the operator's side, where it writes nothing and logs nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

from cli.context import System
from jobs.training import LandedTrainer
from urgency.logs import Log


def _now() -> datetime:
    return datetime.now(UTC)


def trainer_here(
    system: System, execution: str = "here", now: Callable[[], datetime] = _now
) -> LandedTrainer:
    """A trainer over the system's buckets and settings; it needs SciPy."""
    return LandedTrainer(
        landing=system.landing,
        registry=system.registry,
        settings=system.settings,
        execution=execution,
        now=now,
        reached=lambda _point: None,
        log=Log(stream=StringIO()),
    )
