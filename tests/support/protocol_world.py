"""A world in which the real code of the protocol runs: runs, functions, instances, operators and users, at one seed.

Every call of a store, of the topic or of jobs:run is one atomic step. Between two steps anybody else may go on; in the
faulty world a step may also fail, take effect and lose its answer, or be the last before a SIGKILL; time may jump
beyond the lease, messages are lost, a region goes down. The clean world has none of that and no sweep either, since
faults and sweeps heal a lost wake-up. `python -m tests.support.protocol_world faulty 137` replays one seed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cli.mistake import Mistake
from cli.releases import move, promoted, resumed, rolled_back
from jobs.lease import Lease
from jobs.reconcile import Reconciler
from tests.support.baton import Actor, Crew, Killed
from tests.support.fake_trainer import FakeTrainer
from tests.support.memory_store import MemoryStore
from tests.support.protocol_checks import Checks, Violation, require
from urgency.errors import Unavailable, UrgencyError
from urgency.logs import Log
from urgency.messages import ModelReleased
from urgency.records import NO_RELEASE, Release
from urgency.registry import Registry
from urgency.store import Unchanged

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
HAPPENINGS = 500
STEPS_AT_MOST = 20_000
RETRIES = 3
LEASE_S, DEADLINE_S, SKEW_S = 600.0, 3540.0, 10.0
FINE, FAILS, LOSES_ANSWER, DIES, DIES_AFTER = "", "fails", "loses the answer", "dies before", "dies after"


class Silent(Log):
    """Nobody reads it."""

    def _write(self, severity: str, event: str, fields: dict[str, Any]) -> None: ...


class TurnLease(Lease):
    """Renewed by the trainer while it works, instead of by a thread of its own."""

    def renewed(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class Instance:
    """One instance of the service, as far as it follows the pointer."""

    token: int | None = None
    release: Release = NO_RELEASE
    epoch: int = 0

    def check(self, registry: Registry) -> None:
        """Adopt what the pointer names if its epoch is higher. Raises Gone, CorruptObject or Unavailable."""
        answer = registry.release(unless=self.token)
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


class World:
    """One seed's world. `violation` is what was found wrong, `trace` everything that was done."""

    def __init__(self, seed: int, *, clean: bool) -> None:
        self.seed, self.clean, self.faults = seed, clean, not clean
        self.dice = random.Random(seed)
        random.seed(seed)  # the jitter of the back-off
        self.time = 0.0
        self.crew = Crew()
        self.trace: list[tuple[float, str, str, str]] = []
        self.violation: Violation | None = None
        self.landing, self.objects, self.control = (MemoryStore(now=self.now) for _ in range(3))
        for store in (self.landing, self.objects, self.control):
            store.fault = partial(self._store_called, store)
        self.registry = Registry(self.objects, self.control, self.sleep)
        self.checks = Checks(self.landing, self.objects, self.control, self.decide)
        self.trained: list[int] = []
        self.failures = self.runs = 0
        self.events: list[float] = []
        self.topic: list[ModelReleased] = []
        self.run_started = -SKEW_S
        self.fleet = [Instance() for _ in range(3)]

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.time)

    def decide(self, version: int, champion: int) -> str:
        """The truth about a version, whoever judges it and however often."""
        dice = random.Random(f"{self.seed} {version} {champion}")
        return dice.choices(("PROMOTE", "HOLD", "REJECT"), (0.6, 0.25, 0.15))[0]

    def run(self) -> None:
        """Live through the seed. Raises Violation."""
        try:
            for _ in range(HAPPENINGS):
                self._something_happens()
            self._calm_down() if self.clean else self._recover()
        finally:
            self.crew.bury()

    # What happens

    def _something_happens(self) -> None:
        draw = self.dice.random()
        if draw < 0.020:
            self._land()
        elif draw < 0.026:
            self._delete()
        elif draw < 0.055:
            self._deliver_event()
        elif draw < 0.070:
            self._deliver_message()
        elif draw < 0.080:
            self._check(self.dice.choice(self.fleet))
        elif draw < 0.092:
            self._operate()
        elif draw < 0.096:
            self.start_run(force=True)
        elif draw < 0.100 and self.faults:
            self.start_run()
        elif self.crew.actors:
            self._turn()
        else:
            self.time += 20 * self.dice.random()

    def _land(self) -> None:
        name = f"incoming/{self.dice.randrange(5)}.csv"
        self.landing.overwrite(name, self.dice.randbytes(20))
        self.events += [self.time] * self.dice.choice((1, 1, 1, 2, 3))

    def _delete(self) -> None:
        """A user deletes a file, which ends up gone for good or not, or the lifecycle erases a replaced one."""
        if live := list(self.landing.list("incoming/")):
            file = self.dice.choice(live)
            self.landing.delete(file.name)
            if self.dice.random() < 0.5:
                self.landing.erase(file.name, file.generation)
            if self.dice.random() < 0.5:
                self.landing.overwrite(file.name, self.dice.randbytes(20))
                self.events.append(self.time)

    def _deliver_event(self) -> None:
        if self.events:
            created = self.events.pop(self.dice.randrange(len(self.events)))
            if not (self.faults and self.dice.random() < 0.04):
                self.crew.hire(
                    "on_csv_landed", lambda: self._on_csv_landed(created), lambda e: e and self.events.append(created)
                )

    def _deliver_message(self) -> None:
        if self.topic:
            message = self.topic.pop(self.dice.randrange(len(self.topic)))
            if self.faults and self.dice.random() < 0.1:
                return
            if self.faults and self.dice.random() < 0.2:
                self.topic.append(message)
            self.crew.hire(
                "on_model_released",
                lambda: self._on_model_released(message),
                lambda e: e and self.topic.append(message),
            )

    def _check(self, instance: Instance) -> None:
        self.crew.hire("instance", lambda: instance.check(self.registry))

    def _operate(self) -> None:
        verb = self.dice.choice((self._rolls_back, self._promotes, self._resumes))
        self.crew.hire("operator" + verb.__name__.replace("_", " "), verb)

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

    # Who acts

    def _reconcile(self, name: str, *, force: bool) -> None:
        lease = TurnLease(self.control, name, ttl_s=LEASE_S, now=self.now, sleep=self.sleep, log=Silent())

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

    def _on_csv_landed(self, created: float) -> None:
        """What functions/main.py does, by one instance that remembers."""
        if created >= self.run_started - SKEW_S:
            started = self.time
            self._call("jobs:run", self.start_run)
            self.run_started = started

    def _on_model_released(self, message: ModelReleased) -> None:
        instance = self.dice.choice(self.fleet)  # the balancer's choice
        instance.check(self.registry)
        if instance.epoch < message.epoch:
            raise Unavailable("The service still serves an older epoch.")

    def _rolls_back(self) -> None:
        versions = self.registry.model_numbers()
        if versions:
            to = self.dice.choice(versions)
            sha256 = self.registry.manifest_sha256(to)
            self._move(lambda current: rolled_back(current, to, sha256, versions))
            if self.dice.random() < 0.5:
                self.sleep(self.dice.uniform(0, 30))
                self._resumes()

    def _promotes(self) -> None:
        if versions := self.registry.model_numbers():
            version = self.dice.choice(versions)
            sha256 = self.registry.manifest_sha256(version)
            self._move(lambda current: promoted(current, version, sha256))

    def _resumes(self) -> None:
        if self._move(resumed):
            self._call("jobs:run", self.start_run)

    def _move(self, decide: Any) -> bool:
        system: Any = self  # all that `move` wants of one: registry, publish, who
        try:
            move(system, decide, "chance", self.now())
        except Mistake:
            return False
        return True

    def who(self) -> str:
        return "operator"

    def publish(self, message: ModelReleased) -> None:
        def effect() -> None:
            self.topic.append(message)
            self.checks.published.append(message.epoch)

        self._call("publish", effect)

    # Steps

    def sleep(self, seconds: float) -> None:
        if actor := self.crew.current:
            actor.ready_at = self.time + seconds
            self._before(actor, f"sleeps {seconds:.0f} s")

    def _call(self, what: str, effect: Callable[[], None]) -> None:
        actor = self.crew.current
        assert actor
        self._before(actor, what, changes=True)
        effect()
        self._after(actor)

    def _store_called(self, store: MemoryStore, when: str) -> None:
        actor = self.crew.current
        if actor is None:  # a user, or a check
            return
        moment, call, name = when.split(" ", 2)
        if moment == "before":
            self._before(actor, f"{call} {name}", changes=call == "put")
            return
        try:
            self.checks.wrote(store, name, actor.name, self.now())
        except Violation as violation:
            self.violation = violation
            _die(actor)
        self._after(actor)

    def _before(self, actor: Actor, what: str, *, changes: bool = False) -> None:
        """Wait for the turn in which this call is made; a call that changes nothing cannot fail afterwards."""
        if actor.is_killed:
            raise Killed
        self.crew.pause()
        self.trace.append((self.time, actor.name, what, actor.fate))
        if actor.fate == DIES or (actor.fate == DIES_AFTER and not changes):
            _die(actor)
        if actor.fate == FAILS or (actor.fate == LOSES_ANSWER and not changes):
            raise Unavailable(what)

    def _after(self, actor: Actor) -> None:
        if actor.fate == DIES_AFTER:
            _die(actor)
        if actor.fate == LOSES_ANSWER:
            raise Unavailable("the answer was lost")

    def _turn(self) -> None:
        soonest = min(actor.ready_at for actor in self.crew.actors)
        self.time = max(self.time + self.dice.uniform(0, 0.4), soonest)
        if self.faults and self.dice.random() < 0.01:
            self.time += self.dice.uniform(0, 1.5 * LEASE_S)
        actor = self.dice.choice([actor for actor in self.crew.actors if actor.ready_at <= self.time])
        actor.fate = self._fate()
        self.crew.give_turn(actor)
        if self.violation:
            raise self.violation
        if not isinstance(actor.error, Killed | UrgencyError | None):
            raise Violation(f"{actor.name} raised {actor.error!r}") from actor.error

    def _fate(self) -> str:
        if not self.faults:
            return FINE
        return self.dice.choices((FINE, FAILS, LOSES_ANSWER, DIES, DIES_AFTER), (96, 1.2, 1.2, 0.8, 0.8))[0]

    # The end

    def _drain(self) -> None:
        for _ in range(STEPS_AT_MOST):
            if not self.crew.actors:
                return
            self._turn()
        raise Violation("I9: it never comes to rest")

    def _calm_down(self) -> None:
        """Everything on its way arrives, nothing was lost, so all must be well before any sweep, and after one."""
        while self.events or self.topic or self.crew.actors:
            self._deliver_event()
            self._deliver_message()
            for _ in range(self.dice.randrange(20)):
                if self.crew.actors:
                    self._turn()
        self._check_all(swept=False)
        self._sweep()

    def _recover(self) -> None:
        """Faults end, what was on its way is lost, half of the time so are all processes: one sweep must heal it."""
        if self.dice.random() < 0.5:
            self.crew.bury()
        self.faults = False
        self._drain()
        self._sweep()

    def _sweep(self) -> None:
        self.time += 2 * LEASE_S
        self.start_run()
        self._drain()
        self._check_all(swept=True)

    def _check_all(self, *, swept: bool) -> None:
        self.checks.work(self.trained, self.failures)
        self.checks.at_rest(swept=swept)
        pointer = self.registry.current_release()[1]
        for instance in self.fleet:
            instance.check(self.registry)
            require(
                instance.epoch == pointer.epoch, f"I7: epoch {instance.epoch} serves, the pointer's {pointer.epoch}"
            )


def _die(actor: Actor) -> None:
    actor.is_killed = True
    raise Killed


def main(kind: str, seed: str) -> None:
    """Print everything that happens at one seed."""
    world = World(int(seed), clean=kind == "clean")
    try:
        world.run()
    finally:
        for time, who, what, fate in world.trace:
            print(f"{time:9.1f} s  {who:18} {what} {fate}")


if __name__ == "__main__":
    main(*sys.argv[1:])
