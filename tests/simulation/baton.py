"""Actors that take turns: real code on real threads, of which exactly one runs, so that a seed
fixes the order.

A thread hands the baton back at every `pause`; whoever holds it decides who goes on. Nothing runs
in between, so a step is atomic, and a killed actor never runs its own code again but for the
unwinding, in which every call fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_THREADS = ThreadPoolExecutor(
    1_000, "actor"
)  # idle ones are used again; nobody ever has this many actors


class Killed(BaseException):
    """SIGKILL, as far as Python has one: no `except Exception` stops it."""


class Actor:
    """One process at work. `ended` is told how it went: None, or what it raised.

    `ready_at` and `fate` are for whoever gives the turns: since when it may go on, and what becomes
    of its next call.
    """

    def __init__(
        self, name: str, work: Callable[[], None], ended: Callable[[BaseException | None], object]
    ) -> None:
        self.name, self.work, self.ended = name, work, ended
        self.is_killed = self.is_over = False
        self.ready_at, self.fate = 0.0, ""
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Crew:
    """The actors that are at work; `current` is the one whose turn it is, None between turns."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self._back = threading.Lock()
        self._back.acquire()

    def hire(
        self,
        name: str,
        work: Callable[[], None],
        ended: Callable[[BaseException | None], object] = lambda _error: None,
    ) -> None:
        """Put `work` on a thread; it begins at its first turn."""
        actor = Actor(name, work, ended)
        self.actors.append(actor)
        _THREADS.submit(self._live, actor)

    def give_turn(self, actor: Actor) -> None:
        """Let it run until it pauses or ends."""
        self.current = actor
        actor.turn.release()
        self._back.acquire()
        self.current = None
        if actor.is_over:
            self.actors.remove(actor)
            actor.ended(actor.error)

    def pause(self) -> None:
        """Called by the actor: hand the baton back, go on at the next turn."""
        actor = self.current
        assert actor
        self._back.release()
        actor.turn.acquire()
        if actor.is_killed:
            raise Killed

    def bury(self) -> None:
        """Kill them all; nobody is told."""
        while self.actors:
            actor = self.actors[-1]
            actor.is_killed, actor.ended = True, lambda _error: None
            self.give_turn(actor)

    def _live(self, actor: Actor) -> None:
        actor.turn.acquire()
        try:
            if not actor.is_killed:
                actor.work()
        except BaseException as error:  # noqa: BLE001  handed to `ended`
            actor.error = error
        actor.is_over = True
        self._back.release()
