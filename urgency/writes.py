"""The two kinds of write there are: create once, and compare-and-swap. Both survive a lost answer.

A conditional write is never retried blindly: it may be refused because of its own success. So after
a refusal the stored bytes are read back, and equal bytes mean that it was us (a nonce, a time or an
epoch makes them ours alone).
"""

import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from urgency.errors import Conflict, Forbidden, Unavailable
from urgency.store import ABSENT, ObjectStore, Versioned

ATTEMPTS = 5
Sleep = Callable[[float], None]
"""Waits that many seconds."""

T = TypeVar("T")


class Creates(Protocol):
    """A store in which objects are created: the part of ObjectStore that this needs."""

    def get(self, name: str) -> Versioned | None:
        """See ObjectStore."""
        ...

    def put(self, name: str, body: bytes, expect: int) -> int:
        """See ObjectStore."""
        ...


def create_once(store: Creates, name: str, body: bytes, sleep: Sleep) -> bool:
    """Whether the object's bytes are `body` afterwards; False when another writer was first."""

    def attempt() -> bool:
        try:
            store.put(name, body, ABSENT)
        except (
            Conflict,
            Forbidden,
        ) as refused:  # who may create but not overwrite sees 403 where an object exists
            stored = store.get(name)
            if stored is None and isinstance(refused, Forbidden):
                raise
            return stored is not None and stored.body == body
        return True

    return _persist(attempt, sleep)


def swap(store: ObjectStore, name: str, body: bytes, expect: int, sleep: Sleep) -> int:
    """Replace the object if its token is still `expect`; the new token. Raises Conflict."""

    def attempt() -> int:
        try:
            return store.put(name, body, expect)
        except Conflict:
            stored = store.get(name)
            if stored is None or stored.body != body:
                raise
            return stored.token

    return _persist(attempt, sleep)


def _persist(attempt: Callable[[], T], sleep: Sleep) -> T:
    """Back off from Unavailable, with jitter: one object takes about one write a second."""
    for tries in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Unavailable:
            sleep(random.uniform(0.5, 1.0) * 2**tries)
    return attempt()
