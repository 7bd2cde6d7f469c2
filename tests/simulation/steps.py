"""Steps: what actors do one at a time in a world of its own clock, and what becomes of each call
they make.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.simulation.baton import Actor, Crew, Killed
from tests.simulation.invariants import Violation
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Unavailable

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
STEPS_AT_MOST = 20_000
LONGEST_JUMP_S = 900.0
FINE, FAILS, LOSES_ANSWER, DIES, DIES_AFTER = (
    "",
    "fails",
    "loses the answer",
    "dies before",
    "dies after",
)

Wrote = Callable[[MemoryStore, str, str], None]
"""Told of every write: where, which object, by whom. Raises Violation."""


class Steps:
    """The seed's clock, dice and faults, and the crew; `trace` is when who did what and what became
    of it.
    """

    def __init__(self, seed: int, *, faults: bool) -> None:
        self.seed, self.faults = seed, faults
        self.dice = random.Random(seed)
        random.seed(seed)  # the jitter of the back-off
        self.time = 0.0
        self.crew = Crew()
        self.trace: list[tuple[float, str, str, str]] = []
        self._violation: Violation | None = None

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.time)

    def store(self, wrote: Wrote) -> MemoryStore:
        """A bucket whose every call by an actor is a step."""
        store = MemoryStore(now=self.now)
        store.fault = partial(self._store_called, store, wrote)
        return store

    def sleep(self, seconds: float) -> None:
        """Let an actor's time pass; a check sleeps through no time."""
        if actor := self.crew.current:
            actor.ready_at = self.time + seconds
            self._before(actor, f"sleeps {seconds:.0f} s")

    def call(self, what: str, effect: Callable[[], None]) -> None:
        """A step that is no call of a store."""
        actor = self.crew.current
        assert actor
        self._before(actor, what, changes=True)
        effect()
        self._after(actor)

    def _store_called(self, store: MemoryStore, wrote: Wrote, when: str) -> None:
        actor = self.crew.current
        if actor is None:  # a user, or a check
            return
        moment, call, name = when.split(" ", 2)
        if moment == "before":
            self._before(actor, f"{call} {name}", changes=call == "put")
            return
        try:
            wrote(store, name, actor.name)
        except Violation as violation:
            self._violation = violation
            _die(actor)
        self._after(actor)

    def _before(self, actor: Actor, what: str, *, changes: bool = False) -> None:
        """Wait for the turn in which this call is made; a call that changes nothing cannot fail
        afterwards.
        """
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

    def turn(self) -> None:
        """Let somebody make one step. Raises Violation."""
        soonest = min(actor.ready_at for actor in self.crew.actors)
        self.time = max(self.time + self.dice.uniform(0, 0.4), soonest)
        if self.faults and self.dice.random() < 0.01:
            self.time += self.dice.uniform(0, LONGEST_JUMP_S)
        actor = self.dice.choice(
            [actor for actor in self.crew.actors if actor.ready_at <= self.time]
        )
        actor.fate = self._fate()
        self.crew.give_turn(actor)
        if self._violation:
            raise self._violation
        if not isinstance(
            actor.error, Killed | Unavailable | None
        ):  # the world's fault; nothing else may end anybody
            raise Violation(f"raised: {actor.name} ended with {actor.error!r}") from actor.error

    def _fate(self) -> str:
        if not self.faults:
            return FINE
        return self.dice.choices(
            (FINE, FAILS, LOSES_ANSWER, DIES, DIES_AFTER), (96, 1.2, 1.2, 0.8, 0.8)
        )[0]

    def drain(self) -> None:
        """Let everybody come to an end. Raises Violation."""
        for _ in range(STEPS_AT_MOST):
            if not self.crew.actors:
                return
            self.turn()
        raise Violation("I9: it never comes to rest")


def _die(actor: Actor) -> None:
    actor.is_killed = True
    raise Killed
