"""Work that nobody waits for longer than he wants to: on a thread of its own, and never many.

A thread that hangs cannot be ended in Python. Reads of storage end by themselves (see
`urgency.deadlines`), looking up a name or a token may take longer; so the number is bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from urgency.errors import Unavailable

THREADS_MOST = 8

T = TypeVar("T")


class Background:
    """At most `most` pieces of work at a time."""

    def __init__(self, most: int = THREADS_MOST) -> None:
        self._free = threading.Semaphore(most)

    def begin(self, work: Callable[[], T], outcome: Future[T]) -> None:
        """Run `work` on a thread; `outcome` gets what it returns or raises.

        It gets Unavailable at once where all threads hang.
        """
        outcome.set_running_or_notify_cancel()  # nobody who waits can cancel it
        if self._free.acquire(blocking=False):
            threading.Thread(target=self._run, args=(work, outcome), daemon=True).start()
        else:
            outcome.set_exception(Unavailable("Too many calls do not end. Try again later."))

    def wait(self, outcome: Future[T], bound_s: float) -> bool:
        """Whether the work is over, waiting for it at most `bound_s`."""
        return bool(wait([outcome], bound_s).done)

    def result(self, work: Callable[[], T], bound_s: float, what: str) -> T:
        """What `work` returns or raises. Raises Unavailable after `bound_s`; `what` did not end."""
        outcome: Future[T] = Future()
        self.begin(work, outcome)
        if not self.wait(outcome, bound_s):
            raise Unavailable(f"{what} did not end within {bound_s:g} s. Try again later.")
        return outcome.result()

    def _run(self, work: Callable[[], T], outcome: Future[T]) -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  whoever waits gets it
            outcome.set_exception(error)
        finally:
            self._free.release()
