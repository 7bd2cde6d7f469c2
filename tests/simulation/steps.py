"""Steps: what actors do one at a time, on a clock of the world's own, and how each call ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.simulation.invariants import Violation
from tests.simulation.turns import Actor, Killed, Turns
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Unavailable
from urgency.logs import Log

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEPS_AT_MOST = 20_000
LONGEST_JUMP_S = 900.0
FINE, FAILS, LOSES_ANSWER, DIES, DIES_AFTER = (
    "",
    "fails",
    "loses the answer",
    "dies before",
    "dies after",
)

Seen = Callable[[MemoryStore, str, str, str], None]
"""Called at each put, with 'before' or 'after', the bucket, the object and the actor's name."""


@dataclass(frozen=True)
class EventLog(Log):
    """Writes nothing and hands over the name of each event."""

    tell: Callable[[str], object] = lambda _event: None

    def _write(self, severity: str, event: str, fields: dict[str, Any]) -> None:
        self.tell(event)


SILENT = EventLog()


class Steps:
    """A seed's clock, random numbers, faults and actors.

    trace: who did what, when, and how it ended.   exercised: the invariants put to a test.
    """

    def __init__(self, seed: int, *, faults: bool) -> None:
        self.seed, self.faults = seed, faults
        self.rng = random.Random(seed)
        random.seed(seed)  # the jitter of the back-off
        self._fault_rate = self.rng.choice((0.005, 0.04))  # rare faults let more happen
        self.time = 0.0
        self.turns = Turns()
        self.trace: list[tuple[float, str, str, str]] = []
        self.exercised: set[str] = set()
        self._violation: Violation | None = None

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.time)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def store(
        self, seen: Seen, *, may_overwrite: bool = True, clock_ahead_s: float = 0.0
    ) -> MemoryStore:
        """A bucket whose every call by an actor is a step; its clock may differ from ours."""
        ahead = timedelta(seconds=clock_ahead_s)
        store = MemoryStore(now=lambda: self.now() + ahead, may_overwrite=may_overwrite)
        store.fault = partial(self._store_called, store, seen)
        return store

    def sleep(self, seconds: float) -> None:
        """Let an actor's time pass; for a check at rest no time passes."""
        if actor := self.turns.current:
            actor.ready_at = self.time + seconds
            self._before(actor, f"sleeps {seconds:.1f} s", can_fail=False)

    def call(self, what: str, effect: Callable[[], object]) -> None:
        """A step that is no call of a store."""
        actor = self.turns.current
        assert actor
        self._before(actor, what, changes=True)
        effect()
        _after(actor)

    def require(self, holds: bool, violation: str) -> None:
        """End the seed with a violation unless it holds, whatever the code under test catches."""
        if not holds:
            self._violation = self._violation or Violation(violation)

    def turn(self) -> None:
        """Let one actor make one step, or a few in a row. Raises Violation."""
        self.time += 0.4 * self.rng.random()
        if self.faults and self.chance(self._fault_rate / 4):
            self.time += self.rng.uniform(0, LONGEST_JUMP_S)
        actor = self.rng.choice(self._ready() or self._soonest())
        actor.outcome, actor.steps_left = self._outcome(), self.rng.choice((0, 0, 1, 3))
        self.turns.give_turn(actor)
        if self._violation:
            raise self._violation
        if not isinstance(actor.error, Killed | Unavailable | None):  # nothing else is temporary
            raise Violation(f"raised: {actor.name} ended with {actor.error!r}") from actor.error

    def _ready(self) -> list[Actor]:
        return [actor for actor in self.turns.actors if actor.ready_at <= self.time]

    def _soonest(self) -> list[Actor]:
        """Let time pass until somebody can go on."""
        self.time = min(actor.ready_at for actor in self.turns.actors)
        return self._ready()

    def drain(self) -> None:
        """Let every actor come to an end. Raises Violation."""
        for _ in range(STEPS_AT_MOST):
            if not self.turns.actors:
                return
            self.turn()
        raise Violation("I9: it never comes to rest")

    def _outcome(self) -> str:
        if not (self.faults and self.chance(self._fault_rate)):
            return FINE
        return self.rng.choices((FAILS, LOSES_ANSWER, DIES, DIES_AFTER), (3, 3, 2, 2))[0]

    def _store_called(self, store: MemoryStore, seen: Seen, when: str) -> None:
        actor = self.turns.current
        if actor is None:  # a user, or a check
            return
        moment, call, name = when.split(" ", 2)
        if moment == "before":
            self._before(actor, f"{call} {name}", changes=call == "put")
        if call == "put":
            try:
                seen(store, moment, name, actor.name)
            except Violation as violation:
                self._violation = violation
                _die(actor)
        if moment == "after":
            _after(actor)

    def _before(
        self, actor: Actor, what: str, *, changes: bool = False, can_fail: bool = True
    ) -> None:
        """Wait for this call's turn; a call that changes nothing cannot fail afterwards."""
        if actor.is_killed:
            raise Killed
        if actor.steps_left and actor.ready_at <= self.time:
            self.time += 0.4 * self.rng.random()
            actor.outcome, actor.steps_left = self._outcome(), actor.steps_left - 1
        else:
            self.turns.pause()
        self.trace.append((self.time, actor.name, what, actor.outcome))
        if actor.outcome == DIES or (actor.outcome == DIES_AFTER and not changes):
            _die(actor)
        if can_fail and (actor.outcome == FAILS or (actor.outcome == LOSES_ANSWER and not changes)):
            raise Unavailable(what)


def _after(actor: Actor) -> None:
    if actor.outcome == DIES_AFTER:
        _die(actor)
    if actor.outcome == LOSES_ANSWER:
        raise Unavailable("the answer was lost")


def _die(actor: Actor) -> None:
    actor.is_killed = True
    raise Killed
