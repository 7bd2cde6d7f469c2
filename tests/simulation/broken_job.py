"""The job's protocol with one promise broken: how it writes, decides, publishes and looks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import cli.releases
import jobs.protocol.reconcile
import urgency.registry
from jobs.protocol.lease import Lease
from jobs.protocol.reconcile import Reconciler, may_release
from tests.simulation.broken_variants import CLEAN, FAULTY, BrokenVariant
from urgency.bundle import Manifest, digest
from urgency.errors import Conflict, Forbidden
from urgency.messages import INCOMING, ModelReleased
from urgency.records import Release, Snapshot
from urgency.registry import BLOBS, RELEASE, Registry
from urgency.store import ABSENT, ListedObject, ObjectStore
from urgency.writes import Sleep, create_once


def _write_over_anything(registry: Registry, release: Release, _expect: int) -> int:
    token = registry.current_release()[0]
    return registry.control.put(RELEASE, release.to_bytes(), token)


class _OldListing:
    """A landing bucket that always answers with its first listing."""

    def __init__(self, landing: ObjectStore) -> None:
        self._listed = list(landing.list(INCOMING))

    def list(self, _prefix: str) -> Iterator[ListedObject]:
        return iter(self._listed)


def _listed_first(run: Reconciler) -> Snapshot | None:
    old: Any = _OldListing(run.landing)
    return _newest_data(replace(run, landing=old))


def _commit_first(run: Reconciler, snapshot: Snapshot) -> Manifest:
    manifest, parts = run.trainer().train(snapshot, run.registry.current_release()[1].champion)
    stored = run.registry.commit(manifest)
    for body in parts.values():
        run.registry.put_blob(body)
    return stored


def _named_after_the_model(registry: Registry, body: bytes) -> str:
    registry.objects.put(f"{BLOBS}{digest(body[:9])}", body, ABSENT)
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
    except (Conflict, Forbidden):
        return False
    return True


class _RefusesNothing:
    """A bucket in which 403 is no Conflict."""

    def __init__(self, store: ObjectStore) -> None:
        self.get, self._put = store.get, store.put

    def put(self, name: str, body: bytes, expect: int) -> int:
        try:
            return self._put(name, body, expect)
        except Forbidden as error:
            raise AssertionError(str(error)) from error


def _without_403(store: ObjectStore, name: str, body: bytes, sleep: Sleep) -> bool:
    strict: Any = _RefusesNothing(store)
    return create_once(strict, name, body, sleep)


def _receipts_if_trained_here(run: Reconciler, snapshot: Snapshot, manifest: Manifest) -> None:
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

JOB = (
    BrokenVariant(
        "the pointer is compared and swapped",
        Registry,
        "move_release",
        _write_over_anything,
        CLEAN,
        "I3",
    ),
    BrokenVariant(
        "the champion's version never falls",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, champion=0), version),
        CLEAN,
        "I3",
    ),
    BrokenVariant(
        "versions up to the floor stay out",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, floor=0), version),
        CLEAN,
        "I3",
    ),
    BrokenVariant(
        "a pinned pointer stays",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, pinned=False), version),
        CLEAN,
        "I11",
    ),
    BrokenVariant(
        "the epoch rises with every release", Reconciler, "_next_release", _same_epoch, CLEAN, "I3"
    ),
    BrokenVariant(
        "a verdict against another champion is given anew",
        Reconciler,
        "_verdict",
        lambda _run, _snapshot, manifest, _champion: manifest.verdict,
        CLEAN,
        "I12",
    ),
    BrokenVariant(
        "landing is listed after the newest snapshot was read",
        Reconciler,
        "_newest_data",
        _listed_first,
        CLEAN,
        "I5",
    ),
    BrokenVariant(
        "blobs are stored before the manifest", Reconciler, "_train", _commit_first, FAULTY, "I2"
    ),
    BrokenVariant(
        "blobs are named after their bytes",
        Registry,
        "put_blob",
        _named_after_the_model,
        CLEAN,
        "I2",
    ),
    BrokenVariant(
        "a message is published before that is remembered",
        jobs.protocol.reconcile,
        "publish_pending",
        _remember_then_publish,
        FAULTY,
        "I8",
        also=cli.releases,
    ),
    BrokenVariant(
        "the pointer is the outbox",
        jobs.protocol.reconcile,
        "publish_pending",
        lambda *_: None,
        CLEAN,
        "I8",
    ),
    BrokenVariant(
        "after the lease is freed the bucket is looked at again",
        Reconciler,
        "_round",
        _look_once,
        CLEAN,
        "I1",
    ),
    BrokenVariant("the lease is freed", Lease, "free", lambda _lease: None, CLEAN, "I1"),
    BrokenVariant(
        "the lease keeps others from training",
        Lease,
        "_is_anothers",
        lambda _lease, _stored: False,
        CLEAN,
        "I6",
    ),
    BrokenVariant(
        "a refused write is read back",
        urgency.registry,
        "create_once",
        _put_once,
        FAULTY,
        "raised",
    ),
    BrokenVariant(
        "a run that finds receipts missing writes them",
        Reconciler,
        "_write_receipts",
        _receipts_if_trained_here,
        FAULTY,
        "I1",
    ),
    BrokenVariant(
        "a 403 where an object exists is a Conflict",
        urgency.registry,
        "create_once",
        _without_403,
        CLEAN,
        "raised",
    ),
    BrokenVariant(
        "the floor itself stays out",
        jobs.protocol.reconcile,
        "may_release",
        lambda release, version: may_release(replace(release, floor=release.floor - 1), version),
        CLEAN,
        "I3",
    ),
)
