"""Actors that take turns: real code on real threads, of which exactly one runs at any time.

So a seed fixes the order of everything. A thread stops at every `pause`, and the caller of
`give_turn` decides which one goes on. A killed actor never runs its own code again: its stack
unwinds, and every call that it makes meanwhile fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_THREADS = ThreadPoolExecutor(1_000, "actor")  # idle ones are used again; no world has so many

Ended = Callable[[BaseException | None], object]
"""Called at an actor's end with what it raised, or None."""


class Killed(BaseException):
    """SIGKILL, as far as Python has one: no `except Exception` stops it."""


class Actor:
    """One process at work.

    ready_at: when it may go on.   outcome: of its next call.   steps_left: after that one, in this
    turn.
    """

    def __init__(self, name: str, work: Callable[[], object], ended: Ended) -> None:
        self.name, self.work, self.ended = name, work, ended
        self.is_killed = self.is_over = False
        self.ready_at, self.outcome, self.steps_left = 0.0, "", 0
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Turns:
    """The actors at work; `current` is the one whose turn it is, None between turns."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self._back = threading.Lock()
        self._back.acquire()

    def start(
        self, name: str, work: Callable[[], object], ended: Ended = lambda _error: None
    ) -> None:
        """Put `work` on a thread; it begins at its first turn."""
        actor = Actor(name, work, ended)
        self.actors.append(actor)
        _THREADS.submit(self._run, actor)

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
        """Called by the actor: stop here until the next turn."""
        actor = self.current
        assert actor
        self._back.release()
        actor.turn.acquire()
        if actor.is_killed:
            raise Killed

    def kill_all(self) -> None:
        """Kill every actor; no `ended` is called."""
        while self.actors:
            actor = self.actors[-1]
            actor.is_killed, actor.ended = True, lambda _error: None
            self.give_turn(actor)

    def _run(self, actor: Actor) -> None:
        actor.turn.acquire()
        try:
            if not actor.is_killed:
                actor.work()
        except BaseException as error:  # noqa: BLE001  handed to `ended`
            actor.error = error
        actor.is_over = True
        self._back.release()
