"""The invariants I1 to I13 of the protocol, checked after every write and once everything is at
rest.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from jobs.protocol.reconcile import may_release
from jobs.protocol.snapshots import list_landing
from jobs.report.receipts import receipt_name
from tests.support.job.fake_trainer import Decide
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import digest, read_manifest
from urgency.records import NO_RELEASE, Release, Snapshot
from urgency.registry import RELEASE, Registry

CREATE_ONCE = ("snapshots/", "blobs/", "models/", "verdicts/", "receipts/")


class Violation(AssertionError):
    """An invariant of the protocol does not hold."""


@dataclass
class Checks:
    """What must hold in three buckets; `decide` is the truth about verdicts, `published` the epochs
    announced.
    """

    landing: MemoryStore
    objects: MemoryStore
    control: MemoryStore
    decide: Decide
    published: list[int] = field(default_factory=list)
    expiries: int = 0
    moved_by: str = ""
    forced: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, bytes] = field(default_factory=dict)

    def wrote(self, store: MemoryStore, name: str, writer: str, now: datetime) -> None:
        """`writer` has just written `name`. Raises Violation."""
        before, body = self._seen.get(name), store.peek(name)
        assert body is not None
        self._seen[name] = body
        require(not name.startswith("incoming/"), f"I10: {writer} wrote {name}")
        if name.startswith(CREATE_ONCE):
            require(before in (None, body), f"I4: {name} changed")
        if name.startswith("snapshots/"):
            self._snapshot(Snapshot.from_bytes(body))
        elif name == RELEASE:
            self._release(
                Release.from_bytes(before) if before else NO_RELEASE,
                Release.from_bytes(body),
                writer,
            )
        elif name == "lease.json":
            until = json.loads(before)["until"] if before else None
            self.expiries += until is not None and datetime.fromisoformat(until) <= now

    def _snapshot(self, made: Snapshot) -> None:
        """I5: a generation that is still live has been since it was first listed, so n + 1 must
        have it.
        """
        if made.forced_by:
            self.forced[made.forced_by] += 1
        body = self.objects.peek(_numbered("snapshots", made.n - 1))
        files = {file.name: file.generation for file in made.files}
        live = {file.name: file.generation for file in list_landing(self.landing)}
        for file in Snapshot.from_bytes(body).files if body else ():
            if file.name in files:
                require(
                    files[file.name] >= file.generation,
                    f"I5: snapshot {made.n} has an older {file.name}",
                )
            else:
                require(
                    live.get(file.name) != file.generation,
                    f"I5: snapshot {made.n} lost {file.name}",
                )

    def _release(self, before: Release, after: Release, writer: str) -> None:
        require(after.epoch > before.epoch, f"I3: epoch {after.epoch} after {before.epoch}")
        self.complete(after)
        self.moved_by = writer
        if writer == "operator rolls back" and after.pinned:
            require(
                after.floor >= before.champion,
                f"I3: version {before.champion} was left, floor {after.floor}",
            )
        if not writer.startswith("operator"):
            require(
                after.champion > before.champion,
                f"I3: version {after.champion} after {before.champion}",
            )
            require(
                after.champion > before.floor, f"I3: version {after.champion}, floor {before.floor}"
            )
            require(not before.pinned, f"I11: {writer} moved a pinned pointer")
            decision = self.decide(after.champion, before.champion)
            require(
                decision == "PROMOTE",
                f"I12: version {after.champion} serves though judged {decision}",
            )

    def complete(self, release: Release) -> None:
        """I2: pointer -> manifest -> blobs are all there, digests right."""
        body = self.objects.peek(_numbered("models", release.champion))
        require(
            body is not None,
            f"I2: the pointer names version {release.champion}, which does not exist",
        )
        assert body
        require(
            digest(body) == release.manifest_sha256,
            f"I2: another manifest {release.champion} than released",
        )
        for part, sha256 in read_manifest(body).parts.items():
            blob = self.objects.peek(f"blobs/sha256/{sha256}")
            require(blob is not None, f"I2: {part} of version {release.champion} is missing")
            require(
                digest(blob or b"") == sha256,
                f"I2: {part} of version {release.champion} has other bytes",
            )

    def work(self, trained: list[int], failures: int) -> None:
        """I6 and I9; each training beyond the first needs one that died, or a lease that ran out."""
        repeated = sum(times - 1 for times in Counter(trained).values())
        require(
            repeated <= failures + self.expiries,
            f"I6: {repeated} trainings too many, {failures} failed attempts",
        )

    def at_rest(self, *, swept: bool) -> None:
        """Everything has run to its end and nothing is on its way any more. Raises Violation.

        swept: a run was started after all that happened. Without one nobody need have noticed what
        was deleted, and nobody judges the newest version against one that an operator promoted by
        hand.
        """
        registry = Registry(self.objects, self.control)
        release = registry.current_release()[1]
        if release.epoch:
            self.complete(release)
            require(
                max(self.published, default=0) >= release.epoch,
                f"I8: epoch {release.epoch} was never announced",
            )
        live = list_landing(self.landing)
        if live:
            newest = registry.newest_snapshot()
            require(newest is not None, "I1: there are files and no snapshot")
            assert newest
            require(
                set(live) <= set(newest.files),
                f"I1: snapshot {newest.n} lacks what is in the bucket",
            )
            require(
                not swept or set(live) == set(newest.files),
                f"I1: snapshot {newest.n} holds what was deleted",
            )
            require(
                newest.n in registry.model_numbers(), f"I1: snapshot {newest.n} was not trained"
            )
            self._receipts(newest)
            if may_release(release, newest.n) and (swept or self.moved_by != "operator promotes"):
                decision = self.decide(newest.n, release.champion)
                require(decision != "PROMOTE", f"I1: version {newest.n} passes and does not serve")

    def _receipts(self, snapshot: Snapshot) -> None:
        """I1 and I13."""
        for file in snapshot.files:
            name = receipt_name(file.name, file.generation)
            require(
                self.landing.peek(f"{name}.md") is not None,
                f"I1: {file.name} has no receipt for people",
            )
            told = json.loads(self.landing.peek(f"{name}.json") or b"{}")
            require(
                told.get("generation") == file.generation,
                f"I1: {file.name} has no receipt for programs",
            )
            parts = told["accepted"] + told["duplicate"] + told["quarantined"]
            require(told["records"] == parts, f"I13: the rows of {file.name} do not add up")


def require(holds: bool, violation: str) -> None:
    """Raises Violation unless it holds."""
    if not holds:
        raise Violation(violation)


def _numbered(folder: str, n: int) -> str:
    return f"{folder}/{n:08d}.json"
