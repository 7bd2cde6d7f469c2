"""ObjectStore in memory, with a fault at a chosen call; it passes the store's contract suite."""

from __future__ import annotations

import base64
import io
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

import google_crc32c

from urgency.errors import Conflict, CorruptObject, Forbidden, Gone
from urgency.store import ABSENT, UNCHANGED, ListedObject, Unchanged, Versioned

Fault = Callable[[str], None]
"""Called with 'before put NAME', 'after put NAME' and so on; the caller gets what it raises."""


@dataclass
class _Generation:
    listed: ListedObject
    body: bytes
    is_damaged: bool = False


class MemoryStore:
    """One versioned bucket. `calls` names each call: get, put, open or delete NAME, or list PREFIX.

    Without `may_overwrite` every put over an object is Forbidden, as for an identity that may
    create objects and not delete them.
    """

    def __init__(
        self,
        fault: Fault = lambda _when: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        may_overwrite: bool = True,
    ) -> None:
        self.fault, self._now, self._may_overwrite = fault, now, may_overwrite
        self.calls: list[str] = []
        self._generations: dict[tuple[str, int], _Generation] = {}
        self._live: dict[str, int] = {}
        self._numbers = itertools.count(1000)
        self._lock = threading.Lock()

    def get(self, name: str) -> Versioned | None:
        self._enter("get", name)
        with self._lock:
            token = self._live.get(name)
            return None if token is None else Versioned(token, self._checked(name, token))

    def get_if_changed(self, name: str, token: int) -> Versioned | Unchanged | None:
        stored = self.get(name)
        return UNCHANGED if stored and stored.token == token else stored

    def open_at(self, name: str, generation: int, begin: int = 0) -> BinaryIO:
        self._enter("open", name)
        with self._lock:
            if (name, generation) not in self._generations:
                raise Gone(f"{name} generation {generation} no longer exists.")
            return io.BytesIO(self._checked(name, generation)[begin:])

    def put(self, name: str, body: bytes, expect: int) -> int:
        self._enter("put", name)
        with self._lock:
            current = self._live.get(name, ABSENT)
            if current != ABSENT and not self._may_overwrite:
                raise Forbidden(f"This identity may not overwrite {name}.")
            if current != expect:
                raise Conflict(f"{name} is no longer at generation {expect}.")
            token = self._store(name, body)
        self.fault(f"after put {name}")
        return token

    def list(self, prefix: str, after: str | None = None) -> Iterator[ListedObject]:
        self._enter("list", prefix)
        with self._lock:
            names = sorted(
                name
                for name in self._live
                if name.startswith(prefix) and (after is None or name > after)
            )
            found = [self._generations[name, self._live[name]].listed for name in names]
        return iter(found)

    def generations(self, name: str) -> Iterator[ListedObject]:
        self._enter("list", name)
        with self._lock:
            kept = [found.listed for (of, _), found in self._generations.items() if of == name]
        return iter(kept)

    def overwrite(self, name: str, body: bytes) -> None:
        """Write whatever is there now, as a user does who drops a file; no fault meets this."""
        with self._lock:
            self._store(name, body)

    def peek(self, name: str) -> bytes | None:
        """What a `get` would read; neither recorded in `calls` nor met by a fault."""
        with self._lock:
            token = self._live.get(name)
            return None if token is None else self._generations[name, token].body

    def delete(self, name: str, generation: int | None = None) -> None:
        """Without `generation` whatever is live, as a user deletes a file; no fault meets that."""
        if generation is not None:
            self._enter("delete", name)
        with self._lock:
            if generation not in {None, self._live.get(name)}:
                raise Conflict(f"{name} is no longer at generation {generation}.")
            del self._live[name]

    def erase(self, name: str, generation: int) -> None:
        """Remove one generation for good, as the bucket's lifecycle does."""
        with self._lock:
            del self._generations[name, generation]

    def corrupt(self, name: str) -> None:
        """Change a stored byte behind the checksum's back."""
        with self._lock:
            stored = self._generations[name, self._live[name]]
            stored.body = bytes([stored.body[0] ^ 1]) + stored.body[1:]
            stored.is_damaged = True

    def _store(self, name: str, body: bytes) -> int:
        token = next(self._numbers)
        listed = ListedObject(name, token, len(body), _crc32c(body), self._now())
        self._generations[name, token] = _Generation(listed, body)
        self._live[name] = token
        return token

    def _enter(self, call: str, name: str) -> None:
        self.calls.append(f"{call} {name}")
        self.fault(f"before {call} {name}")

    def _checked(self, name: str, generation: int) -> bytes:
        stored = self._generations[name, generation]
        if stored.is_damaged and _crc32c(stored.body) != stored.listed.crc32c:
            raise CorruptObject(f"{name} arrived with another crc32c than the store holds.")
        return stored.body


def _crc32c(body: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(body).digest()).decode()
