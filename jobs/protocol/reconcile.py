"""reconcile(): compare what is in the bucket with what was trained, and train what is missing.

Any number of runs may race, die anywhere and be started twice: create-once and compare-and-swap
writes order them. The snapshot number is data version, model version and fencing token in one, and
the pointer is the outbox of messages.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from jobs.protocol.crash_points import Reached
from jobs.protocol.lease import Lease
from jobs.protocol.publish import Publish, publish_pending
from jobs.protocol.receipts import write_receipts
from jobs.protocol.snapshots import asked_at, due_files, list_landing, next_snapshot
from urgency.bundle import Manifest, Verdict
from urgency.errors import Conflict, Gone, Unavailable
from urgency.logs import Log
from urgency.records import THE_GATE, Release, Snapshot, SourceFile, snapshot_id
from urgency.registry import Registry
from urgency.store import ObjectStore
from urgency.writes import Sleep

QUIET_S = 5.0
QUIET_AT_MOST_S = 60.0


class OutOfTime(Unavailable):
    """The task's deadline is near; the platform starts another attempt."""


class Trainer(Protocol):
    """The heavy part, imported only when there is something to train."""

    def train(self, snapshot: Snapshot, champion: int) -> tuple[Manifest, dict[str, bytes]]:
        """A manifest, judged against `champion`, and its parts; only this snapshot. Raises Gone."""

    def judge(self, snapshot: Snapshot, manifest: Manifest, champion: int) -> Verdict:
        """Judge a committed version again, against another champion. Raises Gone."""


@dataclass
class Reconciler:
    """One run; all that it calls comes in as an argument, so that a test can replace it."""

    landing: ObjectStore
    registry: Registry
    lease: Lease
    trainer: Callable[[], Trainer]
    publish: Publish
    recipe: str
    execution: str
    deadline: datetime
    now: Callable[[], datetime]
    sleep: Sleep
    reached: Reached
    log: Log
    force: bool = False
    _rounds: int = field(default=0, init=False)
    _gone: str = field(default="", init=False)

    def run(self) -> None:
        """Repeat until nothing new is found. Raises OutOfTime when the deadline comes first."""
        self.lease.inherit()
        while self._look():
            self._rounds += 1
            if self.now() >= self.deadline:
                raise OutOfTime(
                    "The deadline is near, the bucket changes: the next attempt goes on."
                )
        self.reached("done")

    def _look(self) -> bool:
        """One round; whether to look again."""
        try:
            return self._round()
        except Gone as gone:
            # A landed file was replaced or deleted meanwhile, and the next listing knows that. Seen
            # twice, it is a part of the registry, and no listing helps.
            if str(gone) == self._gone:
                raise
            self._gone = str(gone)
            self.log.warning("data_gone", reason=self._gone)
            return True

    def _round(self) -> bool:
        """From listing to receipts; whether to look again: our lease may have sent others away."""
        snapshot = self._newest_data()
        if snapshot is None:
            return False
        manifest = self.registry.manifest(snapshot.n)
        if manifest is not None:
            self._release_and_answer(snapshot, manifest)
            self.log.info("up_to_date", n=snapshot.n)
            return False
        if not self.lease.take():
            self.log.info("lease_held", n=snapshot.n)
            return not self.lease.held_by_another()
        self.reached("lease_taken")
        try:
            with self.lease.renewed():
                manifest = self.registry.manifest(snapshot.n) or self._train(snapshot)
            self._release_and_answer(snapshot, manifest)
        finally:
            self.lease.free()
        return True

    def _newest_data(self) -> Snapshot | None:
        """The snapshot of what is in the bucket now, made here if needed; None: no work for us."""
        while True:
            latest = self.registry.newest_snapshot()
            # Listed after `latest` was read, so that n + 1 is never older than n.
            files = self._due(latest, list_landing(self.landing))
            self.reached("listed")
            if not files:
                self._nothing_landed(latest)
                return None
            if latest and self._is_of(latest, files):
                return latest
            if self.lease.held_by_another():
                self.log.info("lease_held", n=latest.n if latest else 0)
                return None
            if self._rounds:
                files = self._when_quiet(files)
            if files and (snapshot := self._make_snapshot(latest, files)):
                return snapshot

    def _due(
        self, latest: Snapshot | None, files: tuple[SourceFile, ...]
    ) -> tuple[SourceFile, ...]:
        if self.force:
            return files
        return due_files(latest, files, self.recipe, self.now(), partial(asked_at, self.registry))

    def _is_of(self, latest: Snapshot, files: tuple[SourceFile, ...]) -> bool:
        """Force makes one more snapshot per execution, whose retries go on with it."""
        must_force = self.force and latest.forced_by != self.execution
        return latest.id == snapshot_id(files, self.recipe) and not must_force

    def _make_snapshot(
        self, latest: Snapshot | None, files: tuple[SourceFile, ...]
    ) -> Snapshot | None:
        """The next snapshot; None when another run was first."""
        by = self.execution if self.force else None
        snapshot = next_snapshot(latest, files, self.recipe, now=self.now(), forced_by=by)
        if not self.registry.create_snapshot(snapshot):
            return None
        self.force = False  # done, also when another run makes a newer snapshot
        self.reached("snapshot_made")
        self.log.info("snapshot_made", n=snapshot.n, files=len(files))
        return snapshot

    def _nothing_landed(self, latest: Snapshot | None) -> None:
        """Change nothing, but publish what an operator's command could not."""
        if latest is None:
            self.log.info("nothing_landed")
        else:
            self.log.error("landing_empty", n=latest.n)
        self._publish()

    def _when_quiet(self, files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
        """The listing once it is stable for QUIET_S, so that a trickle makes few snapshots."""
        patience = self.now() + timedelta(seconds=QUIET_AT_MOST_S)
        while self.now() < patience:
            self.sleep(QUIET_S)
            before, files = files, list_landing(self.landing)
            if files == before:
                break
        return files

    def _train(self, snapshot: Snapshot) -> Manifest:
        """Train and commit; the stored manifest counts, ours or that of a run that was first."""
        champion = self.registry.current_release()[1].champion
        manifest, parts = self.trainer().train(snapshot, champion)
        for name, body in parts.items():
            if self.registry.put_blob(body) != manifest.parts[name]:
                raise AssertionError(f"{name} was changed after its digest was taken")
        self.reached("blobs_put")
        stored = self.registry.commit(manifest)
        self.reached("committed")
        ours, decision = stored == manifest, stored.verdict.decision
        self.log.info("model_committed", n=snapshot.n, ours=ours, verdict=decision)
        return stored

    def _release_and_answer(self, snapshot: Snapshot, manifest: Manifest) -> None:
        """Everything that follows from a committed model; all of it may be done twice."""
        self._adopt(snapshot, manifest)
        self.lease.free()  # before the next look, which then sees what a run left to us
        self.reached("lease_freed")
        self._publish()
        self._write_receipts(snapshot, manifest)

    def _publish(self) -> None:
        publish_pending(self.registry, self.publish, self.execution, self.reached, self.log)

    def _adopt(self, snapshot: Snapshot, manifest: Manifest) -> None:
        """Point at this version if its verdict against today's champion allows it."""
        while True:
            token, release = self.registry.current_release()
            if not may_release(release, manifest.version):
                return
            verdict = self._verdict(snapshot, manifest, release.champion)
            if verdict.decision != "PROMOTE":
                return
            try:
                self.registry.move_release(self._next_release(release, manifest), token)
            except Conflict:
                continue
            self.reached("released")
            self.log.info("model_released", version=manifest.version, epoch=release.epoch + 1)
            return

    def _verdict(self, snapshot: Snapshot, manifest: Manifest, champion: int) -> Verdict:
        verdict = self.registry.verdict(manifest, champion)
        if verdict is None:
            judged = self.trainer().judge(snapshot, manifest, champion)
            self.registry.record_verdict(manifest.version, judged)
            verdict = self.registry.verdict(manifest, champion)
        if verdict is None:
            version = manifest.version
            raise Unavailable(f"The verdict on version {version} was written and is not found.")
        return verdict

    def _next_release(self, release: Release, manifest: Manifest) -> Release:
        return Release(
            epoch=release.epoch + 1,
            champion=manifest.version,
            manifest_sha256=manifest.sha256,
            floor=release.floor,
            pinned=False,
            by=self.execution,
            reason=THE_GATE,
            at=self.now().isoformat(),
        )

    def _write_receipts(self, snapshot: Snapshot, manifest: Manifest) -> None:
        write_receipts(self.landing, self.registry, snapshot, manifest, self.sleep)
        self.reached("receipts")


def may_release(release: Release, version: int) -> bool:
    """Whether automation may move the pointer to `version`, whatever its verdict."""
    return not release.pinned and release.champion < version and release.floor < version
