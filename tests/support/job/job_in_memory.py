"""The job over buckets in memory, one run at a time; the test sets clock, trainer and faults."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from jobs.protocol.crash_points import Reached
from jobs.protocol.lease import Lease
from jobs.protocol.reconcile import Reconciler
from jobs.protocol.snapshots import list_landing
from tests.simulation.invariants import Checks
from tests.support.job.fake_trainer import Decide, FakeTrainer
from tests.support.storage.memory_store import MemoryStore
from urgency.logs import Log
from urgency.messages import ModelReleased
from urgency.records import Release, Snapshot
from urgency.registry import Registry

Action = Callable[[], None]

DAY = datetime(2026, 1, 1, tzinfo=UTC)
LEASE_S = 600.0


def promote(_version: int, _champion: int) -> str:
    return "PROMOTE"


@dataclass
class JobInMemory:
    """Three buckets, and what a run gets; `asleep` is called instead of waiting."""

    decide: Decide = promote
    work: Callable[[], None] = lambda: None
    asleep: Callable[[float], None] = lambda _seconds: None
    publish: Callable[[ModelReleased], None] = lambda _message: None
    recipe: str = "recipe"
    seconds: float = 0.0
    sleeps: list[float] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)
    judged: list[tuple[int, int]] = field(default_factory=list)
    published: list[ModelReleased] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.landing, self.objects, self.control = (MemoryStore(now=self.now) for _ in range(3))
        self.registry = Registry(self.objects, self.control, self.sleep)

    def now(self) -> datetime:
        return DAY + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds
        self.asleep(seconds)

    def drop(self, *names: str, body: bytes = b"some tickets") -> None:
        for name in names:
            self.landing.overwrite(f"incoming/{name}", body)

    def lease(self, holder: str) -> Lease:
        log = Log(stream=self.log)
        return Lease(self.control, holder, ttl_s=LEASE_S, now=self.now, sleep=self.sleep, log=log)

    def run(
        self,
        execution: str = "run-1",
        *,
        force: bool = False,
        reached: Reached = lambda _point: None,
        deadline_s: float = 3540.0,
    ) -> None:
        """One attempt of one execution. Raises what it raises."""

        def work() -> None:
            reached("read")
            self.work()

        def publish(message: ModelReleased) -> None:
            self.publish(message)
            self.published.append(message)

        Reconciler(
            landing=self.landing,
            registry=self.registry,
            lease=self.lease(execution),
            trainer=lambda: FakeTrainer(
                self.landing, self.decide, work, self.trained, execution, self.judged
            ),
            publish=publish,
            recipe=self.recipe,
            execution=execution,
            deadline=self.now() + timedelta(seconds=deadline_s),
            now=self.now,
            sleep=self.sleep,
            reached=reached,
            log=Log(stream=self.log),
            force=force,
        ).run()

    # What can be seen afterwards

    @property
    def pointer(self) -> Release:
        return self.registry.current_release()[1]

    @property
    def newest(self) -> Snapshot:
        snapshot = self.registry.newest_snapshot()
        assert snapshot
        return snapshot

    def facts(self, event: str) -> list[dict[str, object]]:
        """The log lines of one event."""
        lines = map(json.loads, self.log.getvalue().splitlines())
        return [line for line in lines if line["message"] == event]

    def receipts(self) -> dict[str, bytes]:
        return {o.name: self.landing.peek(o.name) or b"" for o in self.landing.list("receipts/")}

    def writes(self) -> list[str]:
        """Every write so far, in the order of each bucket."""
        calls = self.landing.calls + self.objects.calls + self.control.calls
        return [call for call in calls if call.startswith("put ")]

    def assert_in_order(self) -> None:
        """Newest data trained, released and answered; pointer complete and announced."""
        epochs = [message.epoch for message in self.published]
        checks = Checks(self.landing, self.objects, self.control, self.decide, epochs)
        checks.at_rest(swept=True)
        assert self.registry.notified_epoch()[1] == self.pointer.epoch
        assert set(self.newest.files) == set(list_landing(self.landing))
        assert not self.lease("doctor").held_by_another()


def once(action: Action) -> Action:
    """Do it at the first call only."""
    actions = [action]
    return lambda: actions.pop()() if actions else None


def at(point: str, action: Action) -> Reached:
    """Do it the first time that this crash point is passed."""
    first = once(action)
    return lambda passed: first() if passed == point else None


def job_with_one_model() -> JobInMemory:
    """Version 1 of `week1.csv` serves."""
    job = JobInMemory()
    job.drop("week1.csv")
    job.run("run-1")
    assert job.pointer.champion == 1
    return job
