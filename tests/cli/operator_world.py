"""A system that an operator can look at and move, made of memory: no stack, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import cast

from cli.context import System
from cli.dead_letters import DeadLetter, DeadLetters
from cli.log_lines import Line, Logs
from cli.runs import Run, Runs
from cli.service_client import Instance, ServiceClient
from jobs.protocol.lease import Lease
from jobs.protocol.reconcile import Reconciler
from jobs.recipe import recipe_of
from tests.support.job.fake_trainer import Decide, FakeTrainer
from tests.support.storage.memory_store import MemoryStore
from urgency.logs import Log
from urgency.messages import ModelReleased
from urgency.records import Release
from urgency.registry import Registry
from urgency.settings import Settings

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OPERATOR = "operator@example.com"
INSTANCES = ("http://one", "http://two")


class FakeService:
    """Instances that follow the pointer when `follow` is called, or lag behind."""

    def __init__(self) -> None:
        self.addresses = INSTANCES
        self.epochs = dict.fromkeys(INSTANCES, 0)

    def instances(self) -> list[Instance]:
        return [
            Instance(address, version=epoch, epoch=epoch) for address, epoch in self.epochs.items()
        ]


class FakeRuns:
    """Remembers what was started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, ...]] = []

    def start(self, *args: str) -> str:
        self.started.append(args)
        return f"train-{len(self.started)}"

    def recent(self, most: int) -> list[Run]:
        return [Run(f"train-{n + 1}", "succeeded", NOW, 1.0) for n in range(len(self.started))][
            :most
        ]


@dataclass(frozen=True)
class FakeDeadLetters:
    """Dead letters that can only be looked at."""

    letters: list[DeadLetter]

    def peek(self) -> list[DeadLetter]:
        return self.letters


class FakeLogs:
    """Nothing was logged."""

    def newest(self, *_conditions: object) -> list[Line]:
        return []


@dataclass
class World:
    """Stores in memory, a publisher that remembers, and a job that runs with `reconcile`."""

    landing: MemoryStore = field(default_factory=MemoryStore)
    objects: MemoryStore = field(default_factory=MemoryStore)
    control: MemoryStore = field(default_factory=MemoryStore)
    published: list[ModelReleased] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    service: FakeService = field(default_factory=FakeService)
    runs: FakeRuns = field(default_factory=FakeRuns)
    settings: Settings = field(default_factory=Settings)

    @property
    def registry(self) -> Registry:
        return Registry(self.objects, self.control, sleep=_no_sleep)

    @property
    def system(self) -> System:
        return System(
            settings=self.settings,
            landing=self.landing,
            registry=self.registry,
            publish=self.published.append,
            runs=cast(Runs, self.runs),
            runs_of=lambda _job: cast(Runs, self.runs),
            bucket=lambda _name: self.landing,
            service=cast(ServiceClient, self.service),
            dead_letters=cast(DeadLetters, FakeDeadLetters(self.letters)),
            logs=cast(Logs, FakeLogs()),
            who=lambda: OPERATOR,
            place="memory",
            pause_s=0.001,
        )

    @property
    def release(self) -> Release:
        return self.registry.current_release()[1]

    def drop(self, *names: str) -> None:
        """New generations of files below incoming/."""
        for name in names:
            token = next((o.generation for o in self.landing.list(f"incoming/{name}")), 0)
            self.landing.put(f"incoming/{name}", f"body {name} {token}".encode(), token)

    def reconcile(self, decide: Decide = lambda _version, _champion: "PROMOTE") -> None:
        """One run of the job, with a trainer that costs nothing; the instances follow."""
        log = Log(stream=StringIO())
        Reconciler(
            landing=self.landing,
            registry=self.registry,
            lease=Lease(
                self.control, "run-1", ttl_s=600, now=lambda: NOW, sleep=_no_sleep, log=log
            ),
            trainer=lambda: FakeTrainer(self.landing, decide),
            publish=self.published.append,
            recipe=recipe_of(self.settings),
            execution="run-1",
            deadline=NOW + timedelta(hours=1),
            now=lambda: NOW,
            sleep=_no_sleep,
            reached=lambda _point: None,
            log=log,
        ).run()
        self.follow()

    def follow(self, addresses: Sequence[str] = INSTANCES) -> None:
        """These instances notice the pointer."""
        for address in addresses:
            self.service.epochs[address] = self.release.epoch


def two_versions() -> World:
    """Version 1 was promoted, version 2 held."""
    world = World()
    world.drop("a.csv")
    world.reconcile()
    world.drop("b.csv")
    world.reconcile(lambda _version, _champion: "HOLD")
    return world


def _no_sleep(_seconds: float) -> None: ...
