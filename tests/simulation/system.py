"""The system's programs on three buckets: runs of the job, functions, instances, operators."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cli import releases
from cli.usage_error import UsageError
from functions.main import CLOCK_SKEW_S, Instance
from jobs.protocol.lease import Lease
from jobs.protocol.reconcile import Reconciler
from tests.simulation.fleet import Fleet
from tests.simulation.invariants import Checks
from tests.simulation.steps import SILENT, EventLog, Steps
from tests.simulation.turns import Killed
from tests.support.job.fake_trainer import FakeTrainer
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Unavailable
from urgency.messages import ModelReleased
from urgency.records import Release
from urgency.registry import Registry

RETRIES = 3
LEASE_S, DEADLINE_S = 600.0, 3540.0


class TurnLease(Lease):
    """Renewed by the trainer while it works, instead of by a thread of its own."""

    @contextmanager
    def renewed(self) -> Iterator[None]:
        yield


class System(Steps):
    """Buckets, runs, function instances, the fleet that serves, and the topic between them.

    At every other seed a put over an object is Forbidden instead of a Conflict. Storage's clock
    differs from the functions' by less than they allow for.
    """

    def __init__(self, seed: int, *, faults: bool) -> None:
        super().__init__(seed, faults=faults)
        skew_s = self.rng.uniform(-0.95, 0.95) * CLOCK_SKEW_S
        kind: dict[str, Any] = {"may_overwrite": seed % 2 == 0}
        self.landing = self.store(self._put, clock_ahead_s=skew_s, **kind)
        self.objects = self.store(self._put, **kind)
        self.control = self.store(self._put)
        self.registry = Registry(self.objects, self.control, self.sleep)
        self.checks = Checks(
            self.landing, self.objects, self.control, self.decide, exercised=self.exercised
        )
        self.trained: list[int] = []
        self.failures = self.runs = self.started = self.deliveries = 0
        self.topic: list[ModelReleased] = []
        self.fleet = Fleet(self, self.objects, self.control)
        self.functions = [self._function() for _ in range(2)]

    def decide(self, version: int, champion: int) -> str:
        """The truth about a version, the same each time that it is judged."""
        rng = random.Random(f"{self.seed} {version} {champion}")
        return rng.choices(("PROMOTE", "HOLD", "REJECT"), (0.75, 0.15, 0.1))[0]

    # The job

    def start_run(self, *, force: bool = False) -> None:
        """One execution of the job, with its retries."""
        self.runs += 1
        self._attempt(f"run {self.runs}", RETRIES, force=force)

    def _attempt(self, name: str, retries: int, *, force: bool) -> None:
        def ended(error: BaseException | None) -> None:
            self.failures += error is not None
            if error and retries:
                self.exercised.add("I9")
                self._attempt(name, retries - 1, force=force)

        self.turns.start(name, lambda: self._reconcile(name, force=force), ended)

    def _reconcile(self, name: str, *, force: bool) -> None:
        lease = TurnLease(
            self.control, name, ttl_s=LEASE_S, now=self.now, sleep=self.sleep, log=SILENT
        )

        def work() -> None:
            self.operator_acts()
            for _ in range(self.rng.randrange(1, 4)):
                self.sleep(self.rng.uniform(0, 60))
                lease.renew()

        Reconciler(
            landing=self.landing,
            registry=self.registry,
            lease=lease,
            trainer=lambda: FakeTrainer(
                self.landing, self.decide, work, self.trained, name, loadable=True
            ),
            publish=self.publish,
            recipe="recipe",
            execution=name,
            deadline=self.now() + timedelta(seconds=DEADLINE_S),
            now=self.now,
            sleep=self.sleep,
            reached=lambda _point: None,
            log=EventLog(tell=self._logged),
            force=force,
        ).run()

    def _logged(self, event: str) -> None:
        if event == "lease_held":
            self.exercised.add("I6")

    def publish(self, message: ModelReleased) -> None:
        """Put it on the topic."""

        def effect() -> None:
            self.topic.append(message)
            self.checks.published.append(message.epoch)

        self.call("publish", effect)

    # The functions

    def call_function(
        self, handler: Callable[[Instance, Any], None], event: Any, ended: Callable[[bool], object]
    ) -> None:
        """Push an event to one of the instances; `ended` gets whether it was acknowledged."""
        at = self.rng.randrange(len(self.functions))

        def over(error: BaseException | None) -> None:
            if isinstance(error, Killed):
                self.functions[at] = self._function()
            ended(error is None)

        self.turns.start(handler.__name__, lambda: handler(self.functions[at], event), over)

    def _function(self) -> Instance:
        """A new instance, which remembers nothing."""
        return Instance(
            self._start_job, self.fleet.reload, now=lambda: self.now().timestamp(), log=SILENT
        )

    def _start_job(self) -> str:
        """Cloud Run's API; a failure that the next delivery heals happens in every world."""

        def effect() -> None:
            if self.chance(0.15):
                raise Unavailable("jobs:run answered 503.")
            self.started += 1
            self.start_run()

        self.call("jobs:run", effect)
        return f"run {self.runs}"

    # Operators

    def operator_acts(self) -> None:
        """One verb of the command line, most often one that changes the champion."""
        verbs = (self.rolls_back, self.promotes, self.resumes)
        has_older = self.checks.release().champion > 1
        [verb] = self.rng.choices(verbs, (8, 2, 1) if has_older else (6, 6, 1))
        self.turns.start(f"operator {verb.__name__.replace('_', ' ')}", verb)

    def rolls_back(self) -> None:
        """To an older version if there is one; half of the time the same operator soon resumes."""
        versions, champion = self.registry.model_numbers(), self._champion()
        if versions:
            to = self.rng.choice([n for n in versions if n < champion] or versions)
            sha256 = self.registry.manifest(to).sha256
            self.sleep(self.rng.uniform(0, 10))
            self._move(lambda current: releases.rolled_back(current, to, sha256, versions))
            if self.chance(0.9):
                self.sleep(self.rng.uniform(20, 200))
                self.resumes()

    def promotes(self) -> None:
        """A newer version if there is one, whatever its verdict."""
        if versions := self.registry.model_numbers():
            champion = self._champion()
            version = self.rng.choice([n for n in versions if n > champion] or versions)
            sha256 = self.registry.manifest(version).sha256
            self._move(lambda current: releases.promoted(current, version, sha256))

    def resumes(self) -> None:
        """And starts a run, as the verb does."""
        if self._move(releases.resumed):
            self.call("jobs:run", self.start_run)

    def who(self) -> str:
        """What `move` signs the pointer with."""
        return "operator"

    def _champion(self) -> int:
        return self.registry.current_release()[1].champion

    def _move(self, decide: Callable[[Release], Release]) -> bool:
        system: Any = self  # all that `move` reads of one: registry, publish, who
        try:
            releases.move(system, decide, "chance", self.now())
        except UsageError:
            return False
        return True

    def _put(self, store: MemoryStore, moment: str, name: str, writer: str) -> None:
        if moment == "before":
            self.checks.before_put(store, name)
        else:
            self.checks.after_put(store, name, writer, self.now())
