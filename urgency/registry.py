"""Registry: snapshots, model versions, verdicts and the release pointer, on top of two buckets.

Two kinds of object and no other. Create-once objects (snapshots, blobs, manifests, verdicts) never change once written;
compare-and-swap objects (`release.json`, `notified.json`, ...) change only from a generation that the writer has seen.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from urgency.bundle import (
    Bundle,
    Manifest,
    Verdict,
    canonical_json,
    digest,
    read_bundle,
    read_manifest,
    read_part,
)
from urgency.errors import CorruptObject, Gone, Unavailable
from urgency.records import NO_RELEASE, Release, Snapshot
from urgency.store import ABSENT, UNCHANGED, ObjectStore, Unchanged
from urgency.writes import Sleep, create_once, swap

RELEASE, NOTIFIED = "release.json", "notified.json"


class Registry:
    """The registry and control buckets in this system's words. `sleep` waits between attempts, in seconds."""

    def __init__(
        self, registry: ObjectStore, control: ObjectStore, sleep: Sleep = time.sleep
    ) -> None:
        self.objects = registry
        self.control = control
        self._sleep = sleep

    # Snapshots

    def newest_snapshot(self) -> Snapshot | None:
        """The snapshot with the highest number."""
        numbers = [_number(listed.name) for listed in self.objects.list("snapshots/")]
        return self.snapshot(max(numbers)) if numbers else None

    def snapshot(self, n: int) -> Snapshot | None:
        """Snapshot `n`, or None. Raises CorruptObject."""
        body = self._read(_numbered("snapshots", n))
        return None if body is None else Snapshot.from_bytes(body)

    def create_snapshot(self, snapshot: Snapshot) -> bool:
        """Whether `snapshot` is the stored one afterwards; False when another run was first."""
        return self._create(_numbered("snapshots", snapshot.n), snapshot.to_bytes())

    # Models

    def model_numbers(self) -> list[int]:
        """Numbers of all committed versions, rising."""
        return sorted(_number(listed.name) for listed in self.objects.list("models/"))

    def manifest_body(self, n: int) -> bytes | None:
        """The stored bytes of version `n`'s manifest, or None where nothing was committed."""
        return self._read(_numbered("models", n))

    def manifest_sha256(self, n: int) -> str:
        """The digest that the pointer names a version by. Raises Gone."""
        body = self.manifest_body(n)
        if body is None:
            raise Gone(f"There is no version {n} in the registry.")
        return digest(body)

    def manifest(self, n: int) -> Manifest | None:
        """Version `n`'s manifest, or None. Raises CorruptObject."""
        body = self.manifest_body(n)
        return None if body is None else read_manifest(body)

    def commit(self, manifest: Manifest) -> Manifest:
        """The commit point of a training: what is stored afterwards, ours or that of a run that was first."""
        self._create(_numbered("models", manifest.version), manifest.to_bytes())
        stored = self.manifest(manifest.version)
        if stored is None:
            raise Unavailable(
                f"The manifest of version {manifest.version} was written and cannot be read yet."
            )
        return stored

    def put_blob(self, body: bytes) -> str:
        """Store a part under its digest, which is returned. Raises CorruptObject when other bytes stand there."""
        name = digest(body)
        if not self._create(f"blobs/sha256/{name}", body):
            raise CorruptObject(
                f"blobs/sha256/{name} holds other bytes than its name says; restore the registry."
            )
        return name

    def blob(self, name: str) -> bytes:
        """The bytes stored under a digest. Raises Gone."""
        body = self._read(f"blobs/sha256/{name}")
        if body is None:
            raise Gone(f"blobs/sha256/{name} is not in the registry.")
        return body

    def part(self, manifest: Manifest, name: str) -> bytes:
        """One part of a model, its digest checked. Raises Gone or CorruptObject."""
        return read_part(manifest, name, self.blob)

    def bundle(self, version: int, manifest_sha256: str | None = None) -> Bundle:
        """A version that loads, verified to the last digest; `manifest_sha256` is what the pointer says of it.

        Raises Gone or CorruptObject.
        """
        body = self.manifest_body(version)
        if body is None:
            raise Gone(f"There is no version {version} in the registry.")
        if manifest_sha256 is not None and digest(body) != manifest_sha256:
            raise CorruptObject(
                f"The manifest of version {version} is not the one that was released."
            )
        return read_bundle(body, self.blob)

    # Verdicts given later, against another champion than at training

    def verdict(self, manifest: Manifest, against: int) -> Verdict | None:
        """The judgement of a version against champion `against`, or None where there is none yet."""
        if manifest.verdict.against == against:
            return manifest.verdict
        body = self._read(_verdict_name(manifest.version, against))
        if body is None:
            return None
        return Verdict.from_members(json.loads(body))

    def last_verdict(self, manifest: Manifest) -> Verdict:
        """The judgement of a version against the newest champion that it was ever judged against."""
        later = [
            int(o.name.split(".")[-2])
            for o in self.objects.list(f"verdicts/{manifest.version:08d}.")
        ]
        return (later and self.verdict(manifest, max(later))) or manifest.verdict

    def record_verdict(self, version: int, verdict: Verdict) -> None:
        """Keep a later judgement; the first one stays."""
        self._create(_verdict_name(version, verdict.against), canonical_json(asdict(verdict)))

    # The release pointer, which is also the outbox of ModelReleased

    def release(self, unless: int | None = None) -> tuple[int, Release] | Unchanged:
        """Token and content of the pointer; NO_RELEASE with the token ABSENT before the first release."""
        stored = self.control.get(RELEASE, unless)
        if isinstance(stored, Unchanged):
            return UNCHANGED
        return (
            (ABSENT, NO_RELEASE)
            if stored is None
            else (stored.token, Release.from_bytes(stored.body))
        )

    def current_release(self) -> tuple[int, Release]:
        """As `release`, without a condition."""
        current = self.release()
        assert not isinstance(current, Unchanged)  # noqa: S101  nothing was said to compare with
        return current

    def move_release(self, release: Release, expect: int) -> int:
        """Write the pointer if its token is still `expect`. Raises Conflict."""
        return swap(self.control, RELEASE, release.to_bytes(), expect, self._sleep)

    def notified_epoch(self) -> tuple[int, int]:
        """Token and the highest epoch whose message is known to be published."""
        stored = self.control.get(NOTIFIED)
        if stored is None or isinstance(stored, Unchanged):
            return ABSENT, 0
        return stored.token, int(json.loads(stored.body)["epoch"])

    def record_notified(self, epoch: int, expect: int) -> None:
        """Remember that the message of `epoch` was published. Raises Conflict."""
        swap(self.control, NOTIFIED, canonical_json({"epoch": epoch}), expect, self._sleep)

    def _create(self, name: str, body: bytes) -> bool:
        return create_once(self.objects, name, body, self._sleep)

    def _read(self, name: str) -> bytes | None:
        stored = self.objects.get(name)
        return None if stored is None or isinstance(stored, Unchanged) else stored.body


def _numbered(folder: str, n: int) -> str:
    return f"{folder}/{n:08d}.json"


def _verdict_name(version: int, against: int) -> str:
    return f"verdicts/{version:08d}.{against}.json"


def _number(name: str) -> int:
    return int(name.rsplit("/", 1)[-1].removesuffix(".json"))
