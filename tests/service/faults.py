"""What can go wrong with a registry in memory, at a chosen call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.support.models import put_model
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import Manifest
from urgency.errors import Unavailable
from urgency.registry import Registry
from urgency.store import ABSENT, Versioned

OUT_OF_REACH = Unavailable("Could not read release.json: ConnectTimeout. Try again later.")


class Outage:
    """A fault that every call of a store meets until `error` is None."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def __call__(self, _when: str) -> None:
        if self.error is not None:
            raise self.error


class Hold:
    """A fault that stops every call at `when` until `released` is set; `entered`: one is there."""

    def __init__(self, when: str) -> None:
        self.when, self.entered, self.released = when, threading.Event(), threading.Event()

    def __call__(self, when: str) -> None:
        if when == self.when:
            self.entered.set()
            assert self.released.wait(120), "the test hangs"


def memory(store: object) -> MemoryStore:
    assert isinstance(store, MemoryStore)
    return store


@contextmanager
def held(store: object, when: str) -> Iterator[Hold]:
    """Calls stop at `when` for as long as the block runs."""
    hold = Hold(when)
    memory(store).fault = hold
    try:
        yield hold
    finally:
        hold.released.set()


def outage(registry: Registry, error: Exception = OUT_OF_REACH) -> Outage:
    """Both buckets stop answering until the outage's `error` is None."""
    fault = Outage(error)
    memory(registry.objects).fault = memory(registry.control).fault = fault
    return fault


def calls(registry: Registry) -> list[str]:
    return memory(registry.objects).calls + memory(registry.control).calls


def corrupt(registry: Registry, name: str) -> None:
    body = memory(registry.objects).get(name)
    assert isinstance(body, Versioned)
    overwrite(registry, name, bytes([body.body[0] ^ 1]) + body.body[1:])


def overwrite(registry: Registry, name: str, body: bytes) -> None:
    """What nobody may do to a create-once object: other bytes, with a right checksum."""
    memory(registry.objects).delete(name)
    registry.objects.put(name, body, ABSENT)


def overwritten_manifest(registry: Registry, version: int, **members: object) -> Manifest:
    """Commit a manifest that no trainer writes."""
    manifest = replace(put_model(registry, version, strength=2.0), **members)
    overwrite(registry, f"models/{version:08d}.json", manifest.to_bytes())
    return manifest
