"""Ways to break the protocol on purpose: each must be found out by the simulation, or it proves
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import jobs.protocol.reconcile
import urgency.registry
from jobs.protocol.lease import Lease
from jobs.protocol.reconcile import Reconciler, may_release
from urgency.bundle import Manifest, digest
from urgency.errors import Conflict
from urgency.messages import INCOMING, ModelReleased
from urgency.records import Release, Snapshot
from urgency.registry import Registry
from urgency.store import ABSENT, ListedObject, ObjectStore
from urgency.writes import Sleep

CLEAN, FAULTY = "clean", "faulty"


@dataclass(frozen=True)
class Break:
    """`owner.name` becomes `replacement`; `world` is the one in which it shows, `invariant` what it
    offends.

    The invariant `raised`: no actor ends but well, killed, or with Unavailable.
    """

    promise: str
    owner: Any
    name: str
    replacement: Any
    world: str
    invariant: str


def _write_whatever_stands_there(registry: Registry, release: Release, _expect: int) -> int:
    stored = registry.control.get("release.json")
    return registry.control.put(
        "release.json", release.to_bytes(), stored.token if stored else ABSENT
    )  # type: ignore[union-attr]


class _Early:
    """A landing bucket that always answers with its first listing."""

    def __init__(self, landing: ObjectStore) -> None:
        self._listed = list(landing.list(INCOMING))

    def list(self, _prefix: str) -> Iterator[ListedObject]:
        return iter(self._listed)


def _listed_first(run: Reconciler) -> Snapshot | None:
    early: Any = _Early(run.landing)
    return _newest_data(replace(run, landing=early))


def _commit_first(run: Reconciler, snapshot: Snapshot) -> Manifest:
    manifest, parts = run.trainer().train(snapshot, run.registry.current_release()[1].champion)
    stored = run.registry.commit(manifest)
    for body in parts.values():
        run.registry.put_blob(body)
    return stored


def _named_after_the_model(registry: Registry, body: bytes) -> str:
    registry.objects.put(f"blobs/sha256/{digest(body[:9])}", body, ABSENT)
    return digest(body)


def _remember_then_publish(
    registry: Registry, publish: Callable[[ModelReleased], None], execution: str, *_: object
) -> None:
    release = registry.current_release()[1]
    token, notified = registry.notified_epoch()
    if notified < release.epoch:
        registry.record_notified(release.epoch, token)
        publish(ModelReleased(release.epoch, release.champion, execution))


def _look_once(run: Reconciler) -> bool:
    _round(run)
    return False


def _put_once(store: ObjectStore, name: str, body: bytes, _sleep: Sleep) -> bool:
    try:
        store.put(name, body, ABSENT)
    except Conflict:
        return False
    return True


def _answer_if_trained_here(run: Reconciler, snapshot: Snapshot, manifest: Manifest) -> None:
    if manifest.execution == run.execution:
        _write_receipts(run, snapshot, manifest)


def _same_epoch(run: Reconciler, release: Release, manifest: Manifest) -> Release:
    return replace(_next_release(run, release, manifest), epoch=release.epoch)


_newest_data, _round, _next_release = (
    Reconciler._newest_data,
    Reconciler._round,
    Reconciler._next_release,
)
_write_receipts = Reconciler._write_receipts

BREAKS = (
    Break(
        "the pointer is compared and swapped",
        Registry,
        "move_release",
        _write_whatever_stands_there,
        CLEAN,
        "I3",
    ),
    Break(
        "the champion's version never falls",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, champion=0), version),
        CLEAN,
        "I3",
    ),
    Break(
        "versions up to the floor stay out",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, floor=0), version),
        CLEAN,
        "I3",
    ),
    Break(
        "a pinned pointer stays",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, pinned=False), version),
        CLEAN,
        "I11",
    ),
    Break(
        "the epoch rises with every release", Reconciler, "_next_release", _same_epoch, CLEAN, "I3"
    ),
    Break(
        "a verdict against another champion is given anew",
        Reconciler,
        "_verdict",
        lambda _run, _snapshot, manifest, _champion: manifest.verdict,
        CLEAN,
        "I12",
    ),
    Break(
        "landing is listed after the newest snapshot was read",
        Reconciler,
        "_newest_data",
        _listed_first,
        CLEAN,
        "I5",
    ),
    Break(
        "blobs are stored before the manifest", Reconciler, "_train", _commit_first, FAULTY, "I2"
    ),
    Break(
        "blobs are named after their bytes",
        Registry,
        "put_blob",
        _named_after_the_model,
        CLEAN,
        "I2",
    ),
    Break(
        "a message is published before that is remembered",
        jobs.protocol.reconcile,
        "publish_pending",
        _remember_then_publish,
        FAULTY,
        "I8",
    ),
    Break(
        "the pointer is the outbox",
        jobs.protocol.reconcile,
        "publish_pending",
        lambda *_: None,
        CLEAN,
        "I8",
    ),
    Break(
        "after the lease is freed the bucket is looked at again",
        Reconciler,
        "_round",
        _look_once,
        CLEAN,
        "I1",
    ),
    Break("the lease is freed", Lease, "free", lambda _lease: None, CLEAN, "I1"),
    Break(
        "the lease keeps others from training",
        Lease,
        "_is_anothers",
        lambda _lease, _stored: False,
        CLEAN,
        "I6",
    ),
    Break(
        "a refused write is read back",
        urgency.registry,
        "create_once",
        _put_once,
        FAULTY,
        "raised",
    ),
    Break(
        "receipts are written by whoever finds them missing",
        Reconciler,
        "_write_receipts",
        _answer_if_trained_here,
        FAULTY,
        "I1",
    ),
)
