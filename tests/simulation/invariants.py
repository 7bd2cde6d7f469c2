"""The invariants I1 to I13 of the protocol, checked at every write and once everything is at rest.

`exercised` tells which of them could have failed: their "if" came true at this seed.
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
from urgency.records import NO_RELEASE, Release, Snapshot, SourceFile
from urgency.registry import RELEASE, Registry

NAMES = tuple(f"I{number}" for number in range(1, 14))
CREATE_ONCE = ("snapshots/", "blobs/", "models/", "verdicts/", "receipts/")


class Violation(AssertionError):
    """An invariant of the protocol does not hold."""


@dataclass
class Checks:
    """What must hold in three buckets; `published` are the epochs announced.

    decide: the truth about verdicts.   Every method raises Violation.
    """

    landing: MemoryStore
    objects: MemoryStore
    control: MemoryStore
    decide: Decide
    published: list[int] = field(default_factory=list)
    exercised: set[str] = field(default_factory=set)
    expiries: int = 0
    moved_by: str = ""
    _seen: dict[str, bytes] = field(default_factory=dict)

    def release(self) -> Release:
        """The pointer as it is, without a step."""
        body = self.control.peek(RELEASE)
        return Release.from_bytes(body) if body else NO_RELEASE

    def before_put(self, store: MemoryStore, name: str) -> None:
        """Somebody is about to write `name`."""
        if name.startswith(CREATE_ONCE) and store.peek(name) is not None:
            self.exercised.add("I4")

    def after_put(self, store: MemoryStore, name: str, writer: str, now: datetime) -> None:
        """`writer` has just written `name`."""
        before, body = self._seen.get(name), store.peek(name)
        assert body is not None
        self._seen[name] = body
        require(not name.startswith("incoming/"), f"I10: {writer} wrote {name}")
        if name.startswith(CREATE_ONCE):
            require(before in (None, body), f"I4: {name} changed")
        folder = name.partition("/")[0]
        if folder == "snapshots":
            self._snapshot(Snapshot.from_bytes(body))
        elif folder == "models":
            self._committed(read_manifest(body).version)
        elif folder == "verdicts":
            self.exercised.add("I12")
        elif folder == "receipts":
            self.exercised.add("I10")
        elif name == RELEASE:
            release = Release.from_bytes(before) if before else NO_RELEASE
            self._released(release, Release.from_bytes(body), writer)
        elif name == "lease.json":
            until = json.loads(before)["until"] if before else None
            self.expiries += until is not None and datetime.fromisoformat(until) <= now

    def _snapshot(self, made: Snapshot) -> None:
        """I5: a generation that was listed once and still exists is in the next snapshot too."""
        body = self.objects.peek(_numbered("snapshots", made.n - 1))
        files = {file.name: file.generation for file in made.files}
        live = {file.name: file.generation for file in list_landing(self.landing)}
        for file in Snapshot.from_bytes(body).files if body else ():
            self.exercised.add("I5")
            if file.name in files:
                is_fresh = files[file.name] >= file.generation
                require(is_fresh, f"I5: snapshot {made.n} has an older {file.name}")
            else:
                is_gone = live.get(file.name) != file.generation
                require(is_gone, f"I5: snapshot {made.n} lost {file.name}")

    def _committed(self, version: int) -> None:
        """Whether only a floor or a pin keeps this version from serving."""
        release = self.release()
        if release.floor:
            self.exercised.add("I3")
        passes = self.decide(version, release.champion) == "PROMOTE"
        if passes and release.pinned and version > max(release.champion, release.floor):
            self.exercised.add("I11")

    def _released(self, before: Release, after: Release, writer: str) -> None:
        require(after.epoch > before.epoch, f"I3: epoch {after.epoch} after {before.epoch}")
        self.complete(after)
        self.moved_by = writer
        old, new = before.champion, after.champion
        if writer == "operator rolls back" and after.pinned:
            require(after.floor >= old, f"I3: version {old} was left, floor {after.floor}")
        if not writer.startswith("operator"):
            require(new > old, f"I3: version {new} after {old}")
            require(new > before.floor, f"I3: version {new}, floor {before.floor}")
            require(not before.pinned, f"I11: {writer} moved a pinned pointer")
            decision = self.decide(new, old)
            require(decision == "PROMOTE", f"I12: version {new} serves though judged {decision}")

    def complete(self, release: Release) -> None:
        """I2: pointer -> manifest -> blobs are all there, digests right."""
        self.exercised.add("I2")
        version = release.champion
        body = self.objects.peek(_numbered("models", version))
        require(body is not None, f"I2: the pointer names version {version}, which does not exist")
        assert body
        is_same = digest(body) == release.manifest_sha256
        require(is_same, f"I2: another manifest {version} than released")
        for part, sha256 in read_manifest(body).parts.items():
            blob = self.objects.peek(f"blobs/sha256/{sha256}")
            require(blob is not None, f"I2: {part} of version {version} is missing")
            is_same = digest(blob or b"") == sha256
            require(is_same, f"I2: {part} of version {version} has other bytes")

    def work(self, trained: list[int], failures: int) -> None:
        """I6: each training beyond the first needs a failed attempt or a lease that ran out."""
        repeated = sum(times - 1 for times in Counter(trained).values())
        is_owed = repeated <= failures + self.expiries
        require(is_owed, f"I6: {repeated} trainings too many, {failures} failed attempts")

    def at_rest(self, *, swept: bool) -> None:
        """Everything has run to its end and nothing is on its way any more.

        swept: a run was started after all that happened. Without one, no run has to know what was
        deleted, or has to judge the newest version against one that an operator promoted.
        """
        registry = Registry(self.objects, self.control)
        release = registry.current_release()[1]
        if release.epoch:
            self.exercised.add("I8")
            self.complete(release)
            is_announced = max(self.published, default=0) >= release.epoch
            require(is_announced, f"I8: epoch {release.epoch} was never announced")
        if live := set(list_landing(self.landing)):
            self.exercised.add("I1")
            newest = registry.newest_snapshot()
            require(newest is not None, "I1: there are files and no snapshot")
            assert newest
            self._trained(newest, live, registry, swept=swept)
            if may_release(release, newest.n) and (swept or self.moved_by != "operator promotes"):
                decision = self.decide(newest.n, release.champion)
                require(decision != "PROMOTE", f"I1: version {newest.n} passes and does not serve")

    def _trained(
        self, newest: Snapshot, live: set[SourceFile], registry: Registry, *, swept: bool
    ) -> None:
        """I1 and I13: the newest snapshot is what is live, trained and answered."""
        n, files = newest.n, set(newest.files)
        require(live <= files, f"I1: snapshot {n} lacks what is in the bucket")
        require(not swept or live == files, f"I1: snapshot {n} holds what was deleted")
        require(n in registry.model_numbers(), f"I1: snapshot {n} was not trained")
        for file in newest.files:
            self._receipt(file)

    def _receipt(self, file: SourceFile) -> None:
        name = receipt_name(file.name, file.generation)
        has_text = self.landing.peek(f"{name}.md") is not None
        require(has_text, f"I1: {file.name} has no receipt for people")
        receipt = json.loads(self.landing.peek(f"{name}.json") or b"{}")
        is_its_own = receipt.get("generation") == file.generation
        require(is_its_own, f"I1: {file.name} has no receipt for programs")
        parts = receipt["accepted"] + receipt["duplicate"] + receipt["quarantined"]
        require(receipt["records"] == parts, f"I13: the rows of {file.name} do not add up")
        self.exercised.add("I13")


def require(holds: bool, violation: str) -> None:
    """Raises Violation unless it holds."""
    if not holds:
        raise Violation(violation)


def _numbered(folder: str, n: int) -> str:
    return f"{folder}/{n:08d}.json"
