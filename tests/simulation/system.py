"""The system's programs on three buckets, step by step: runs of the job, functions, instances, and
operators' verbs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cli.releases import move, promoted, resumed, rolled_back
from cli.usage_error import UsageError
from jobs.protocol.lease import Lease
from jobs.protocol.reconcile import Reconciler
from tests.simulation.invariants import Checks, require
from tests.simulation.steps import Steps
from tests.support.job.fake_trainer import FakeTrainer
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Unavailable
from urgency.logs import Log
from urgency.messages import ModelReleased
from urgency.records import NO_RELEASE, Release
from urgency.registry import Registry
from urgency.store import Unchanged

RETRIES = 3
LEASE_S, DEADLINE_S, SKEW_S = 600.0, 3540.0, 10.0


class Silent(Log):
    """Nobody reads it."""

    def _write(self, severity: str, event: str, fields: dict[str, Any]) -> None: ...


class TurnLease(Lease):
    """Renewed by the trainer while it works, instead of by a thread of its own."""

    @contextmanager
    def renewed(self) -> Iterator[None]:
        yield


@dataclass
class Instance:
    """One instance of the service, as far as it follows the pointer."""

    token: int | None = None
    release: Release = NO_RELEASE
    epoch: int = 0

    def check(self, registry: Registry) -> None:
        """Adopt what the pointer names if its epoch is higher. Raises Gone, CorruptObject or
        Unavailable.
        """
        answer = registry.release_if_changed(self.token)
        if not isinstance(answer, Unchanged):
            self.token, self.release = answer
        release = self.release
        if release.epoch > self.epoch:
            manifest = registry.manifest(release.champion)
            require(manifest is not None, f"I2: an instance found no version {release.champion}")
            assert manifest
            for part in manifest.parts:
                registry.part(manifest, part)
            self.epoch = max(self.epoch, release.epoch)


class System(Steps):
    """What runs, what has landed, `events` and `topic` that are on their way, and the fleet that
    serves.
    """

    def __init__(self, seed: int, *, faults: bool) -> None:
        super().__init__(seed, faults=faults)
        self.landing, self.objects, self.control = (self.store(self._wrote) for _ in range(3))
        self.registry = Registry(self.objects, self.control, self.sleep)
        self.checks = Checks(self.landing, self.objects, self.control, self.decide)
        self.trained: list[int] = []
        self.failures = self.runs = 0
        self.events: list[float] = []
        self.topic: list[ModelReleased] = []
        self.fleet = [Instance() for _ in range(3)]
        self._run_started = -SKEW_S

    def decide(self, version: int, champion: int) -> str:
        """The truth about a version, whoever judges it and however often."""
        dice = random.Random(f"{self.seed} {version} {champion}")
        return dice.choices(("PROMOTE", "HOLD", "REJECT"), (0.6, 0.25, 0.15))[0]

    def start_run(self, *, force: bool = False) -> None:
        """One execution of the job, with its retries."""
        self.runs += 1
        self._attempt(f"run {self.runs}", RETRIES, force=force)

    def _attempt(self, name: str, retries: int, *, force: bool) -> None:
        def ended(error: BaseException | None) -> None:
            self.failures += error is not None
            if error and retries:
                self._attempt(name, retries - 1, force=force)

        self.crew.hire(name, lambda: self._reconcile(name, force=force), ended)

    def _reconcile(self, name: str, *, force: bool) -> None:
        lease = TurnLease(
            self.control, name, ttl_s=LEASE_S, now=self.now, sleep=self.sleep, log=Silent()
        )

        def work() -> None:
            for _ in range(self.dice.randrange(4)):
                self.sleep(self.dice.uniform(0, 60))
                lease.renew()

        Reconciler(
            landing=self.landing,
            registry=self.registry,
            lease=lease,
            trainer=lambda: FakeTrainer(self.landing, self.decide, work, self.trained, name),
            publish=self.publish,
            recipe="recipe",
            execution=name,
            deadline=self.now() + timedelta(seconds=DEADLINE_S),
            now=self.now,
            sleep=self.sleep,
            reached=lambda _point: None,
            log=Silent(),
            force=force,
        ).run()

    def on_csv_landed(self, created: float) -> None:
        """What functions/main.py does, by one instance that remembers."""
        if created >= self._run_started - SKEW_S:
            started = self.time
            self.call("jobs:run", self.start_run)
            self._run_started = started

    def on_model_released(self, message: ModelReleased) -> None:
        """Reload the instance that the balancer chooses."""
        instance = self.dice.choice(self.fleet)
        instance.check(self.registry)
        if instance.epoch < message.epoch:
            raise Unavailable("The service still serves an older epoch.")

    def rolls_back(self) -> None:
        """Half of the time the same operator resumes soon."""
        versions = self.registry.model_numbers()
        if versions:
            to = self.dice.choice(versions)
            sha256 = self.registry.manifest(to).sha256
            self._move(lambda current: rolled_back(current, to, sha256, versions))
            if self.dice.random() < 0.5:
                self.sleep(self.dice.uniform(0, 30))
                self.resumes()

    def promotes(self) -> None:
        """Any version, whatever was said of it."""
        if versions := self.registry.model_numbers():
            version = self.dice.choice(versions)
            sha256 = self.registry.manifest(version).sha256
            self._move(lambda current: promoted(current, version, sha256))

    def resumes(self) -> None:
        """And starts a run, as the verb does."""
        if self._move(resumed):
            self.call("jobs:run", self.start_run)

    def _move(self, decide: Any) -> bool:
        system: Any = self  # all that `move` wants of one: registry, publish, who
        try:
            move(system, decide, "chance", self.now())
        except UsageError:
            return False
        return True

    def who(self) -> str:
        """What `move` signs the pointer with."""
        return "operator"

    def publish(self, message: ModelReleased) -> None:
        """Put it on the topic."""

        def effect() -> None:
            self.topic.append(message)
            self.checks.published.append(message.epoch)

        self.call("publish", effect)

    def _wrote(self, store: MemoryStore, name: str, writer: str) -> None:
        self.checks.wrote(store, name, writer, self.now())
