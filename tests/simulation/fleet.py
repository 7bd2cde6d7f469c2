"""The service in the simulation: the real ModelSlot of several instances, on the world's clock."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from service.freshness import Freshness
from service.metrics import Metrics
from service.model_slot import BACK_OFF_S, ModelSlot
from tests.simulation.steps import SILENT, Steps
from tests.simulation.turns import Killed
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import ARRAYS, GOLDEN, Bundle
from urgency.errors import CorruptObject, Gone, Unavailable, UrgencyError
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.store import UNCHANGED, Unchanged, Versioned

T = TypeVar("T")
SOFT_S, HARD_S = 5.0, 30.0
METRICS = Metrics()  # nobody reads them here
_SCORERS: dict[tuple[str, str], Scorer] = {}
RELOAD_HOOK = "on_model_released"
"""The actor that calls the hook, back-off or not."""


class TurnLock:
    """threading.Lock for actors: waiting takes the world's time, and others have their turns."""

    def __init__(self, steps: Steps) -> None:
        self._steps, self._is_held = steps, False

    def acquire(self, timeout: float) -> bool:
        until = self._steps.time + timeout
        while self._is_held:
            if self._steps.time >= until:
                return False
            self._steps.sleep(0.1)
        self._is_held = True
        return True

    def release(self) -> None:
        self._is_held = False


class InTurn:
    """service.background.Background for actors: the one that begins work does it."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def begin(self, work: Callable[[], T], outcome: Future[T]) -> None:
        try:
            outcome.set_result(work())
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            outcome.set_exception(error)

    def wait(self, outcome: Future[T], bound_s: float) -> bool:
        until = self._steps.time + bound_s
        while not outcome.done() and self._steps.time < until:
            self._steps.sleep(0.1)
        return outcome.done()

    def result(self, work: Callable[[], T], _bound_s: float, _what: str) -> T:
        return work()


class LaggingReads:
    """A bucket whose answers may come from a cache: now and then one is given a second time."""

    def __init__(self, store: MemoryStore, lags: Callable[[], bool], rng: random.Random) -> None:
        self._store, self._lags, self._rng = store, lags, rng
        self._answers: list[Versioned] = []

    def get(self, name: str) -> Versioned | None:
        if self._answers and self._lags():
            return self._rng.choice(self._answers)
        if stored := self._store.get(name):
            self._answers.append(stored)
        return stored

    def get_if_changed(self, name: str, token: int) -> Versioned | Unchanged | None:
        stored = self.get(name)
        return UNCHANGED if stored and stored.token == token else stored


class ServiceRegistry(Registry):
    """What one instance reads; no request may soon load a model again that did not load."""

    def __init__(self, steps: Steps, objects: MemoryStore, control: Any) -> None:
        super().__init__(objects, control, steps.sleep)
        self._steps = steps
        self._refused: tuple[str | None, float] = ("", 0.0)

    def bundle(self, version: int, manifest_sha256: str | None = None) -> Bundle:
        sha256, refused_at = self._refused
        actor, waited_s = self._steps.turns.current, self._steps.time - refused_at
        if sha256 == manifest_sha256 and not (actor and actor.name == RELOAD_HOOK):
            too_soon = f"I9: version {version} is loaded again {waited_s:.1f} s after it failed"
            self._steps.require(waited_s >= BACK_OFF_S, too_soon)
        try:
            if self._steps.faults and self._steps.chance(0.2):
                raise CorruptObject(f"A part of version {version} arrived damaged.")
            return super().bundle(version, manifest_sha256)
        except UrgencyError:
            self._refused = manifest_sha256, self._steps.time
            raise


class ServiceInstance:
    """One instance: the real slot; `epoch` is what it served after its last call."""

    def __init__(self, steps: Steps, registry: ServiceRegistry) -> None:
        self._steps, self.epoch, self._rises = steps, 0, 0

        def clock() -> float:
            return steps.time

        self._slot = ModelSlot(
            lambda: registry,
            Freshness(SOFT_S, HARD_S, clock(), steps.rng.random),
            log=SILENT,
            metrics=METRICS,
            background=InTurn(steps),  # type: ignore[arg-type]
            clock=clock,
            verified=_verified,
            lock=lambda: TurnLock(steps),
        )

    def start(self) -> None:
        self._slot.start()
        self._observe()

    def request(self) -> None:
        """What each prediction does first."""
        self._slot.serving()
        self._observe()

    def reload(self) -> int:
        """The epoch that the hook answers with; Unavailable where it answers 409 or 503."""
        try:
            serving = self._slot.reload()
        except (CorruptObject, Gone) as error:
            raise Unavailable(f"The reload hook answered 409: {error}") from error
        self._observe()
        return serving.epoch if serving else 0

    def _observe(self) -> None:
        serving = self._slot.current
        epoch = serving.epoch if serving else 0
        self._steps.require(
            epoch >= self.epoch, f"I7: an instance went from epoch {self.epoch} to {epoch}"
        )
        self._rises += epoch > self.epoch
        if self._rises > 1:
            self._steps.exercised.add("I7")
        self.epoch = epoch


class Fleet:
    """The instances that serve; one that was killed is replaced by a new one."""

    def __init__(self, steps: Steps, objects: MemoryStore, control: MemoryStore) -> None:
        self._steps, self._objects = steps, objects
        self._control = LaggingReads(
            control, lambda: steps.faults and steps.chance(0.05), steps.rng
        )
        self._ever: list[ServiceInstance] = []
        self.instances = [self._new() for _ in range(2)]

    @property
    def highest_epoch(self) -> int:
        """The highest epoch that an instance ever served."""
        return max(instance.epoch for instance in self._ever)

    def request(self) -> None:
        """Somebody asks for a prediction."""
        at = self._steps.rng.randrange(len(self.instances))

        def ended(error: BaseException | None) -> None:
            if isinstance(error, Killed):
                self.instances[at] = self._new()
                self._steps.turns.start("start of an instance", self.instances[at].start)

        self._steps.turns.start("request", self.instances[at].request, ended)

    def reload(self) -> int:
        """The reload hook of the instance that the balancer chooses."""
        return self._steps.rng.choice(self.instances).reload()

    def epochs_after_a_check(self) -> list[int]:
        """What each instance serves after a request for which a check is due."""
        self._steps.time += HARD_S
        for instance in self.instances:
            instance.request()
        return [instance.epoch for instance in self.instances]

    def _new(self) -> ServiceInstance:
        registry = ServiceRegistry(self._steps, self._objects, self._control)
        self._ever.append(ServiceInstance(self._steps, registry))
        return self._ever[-1]


def _verified(bundle: Bundle) -> Scorer:
    """A verified scorer; the fake trainer's models differ in their manifests alone."""
    parts = bundle.manifest.parts[ARRAYS], bundle.manifest.parts[GOLDEN]
    if parts not in _SCORERS:
        _SCORERS[parts] = verified_scorer(bundle)
    scorer = copy.copy(_SCORERS[parts])
    scorer.manifest = bundle.manifest
    return scorer
