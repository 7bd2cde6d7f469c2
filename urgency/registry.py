"""Registry: snapshots, model versions, verdicts and the release pointer, on top of two buckets.

Two kinds of object and no other. Create-once objects (snapshots, blobs, manifests, verdicts) never
change once written; compare-and-swap objects (`release.json`, `notified.json`, ...) change only
from a generation that the writer has seen.
"""

import json
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

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
from urgency.records import NO_RELEASE, LabelsAsked, Release, Snapshot
from urgency.store import ABSENT, ListedObject, ObjectStore, Unchanged, Versioned
from urgency.writes import Sleep, create_once, swap

DRIFT, ASKED = "drift/latest.json", "drift/asked.json"
"""In the control bucket: what the newest drift check found, and when one last asked for labels."""

RELEASE, NOTIFIED, BLOBS = "release.json", "notified.json", "blobs/sha256/"
QUALITY = "quality.json"


class Registry:
    """The registry and control buckets in this system's words.

    sleep: waits between attempts, in seconds.
    """

    def __init__(
        self, registry: ObjectStore, control: ObjectStore, sleep: Sleep = time.sleep
    ) -> None:
        self.objects = registry
        self.control = control
        self._sleep = sleep

    # Snapshots

    def newest_snapshot(self) -> Snapshot | None:
        """The snapshot with the highest number."""
        numbers = self.snapshot_numbers()
        return self.snapshot(numbers[-1]) if numbers else None

    def snapshot_numbers(self) -> list[int]:
        """Numbers of all snapshots, rising."""
        return sorted(_number(listed.name) for listed in self.objects.list("snapshots/"))

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
        return sorted(self.stored_models())

    def stored_models(self) -> dict[int, ListedObject]:
        """The stored manifest of every version, as a listing shows it, by number."""
        return {_number(listed.name): listed for listed in self.objects.list("models/")}

    def manifest_body(self, n: int) -> bytes | None:
        """The stored bytes of version `n`'s manifest, or None where nothing was committed."""
        return self._read(_numbered("models", n))

    def manifest(self, n: int) -> Manifest | None:
        """Version `n`'s manifest, or None. Raises CorruptObject."""
        body = self.manifest_body(n)
        return None if body is None else read_manifest(body)

    def commit(self, manifest: Manifest) -> Manifest:
        """A training's commit point: returns what is stored, ours or an earlier run's."""
        self._create(_numbered("models", manifest.version), manifest.to_bytes())
        stored = self.manifest(manifest.version)
        if stored is None:
            what = f"The manifest of version {manifest.version}"
            raise Unavailable(f"{what} was written and cannot be read yet.")
        return stored

    def put_blob(self, body: bytes) -> str:
        """Store a part; its digest. Raises CorruptObject where other bytes have that name."""
        name = digest(body)
        if not self._create(f"{BLOBS}{name}", body):
            what = f"{BLOBS}{name} holds other bytes than its name says"
            raise CorruptObject(f"{what}; restore the registry.")
        return name

    def blob_digests(self) -> set[str]:
        """Digests of all stored parts."""
        return {listed.name.removeprefix(BLOBS) for listed in self.objects.list(BLOBS)}

    def blob(self, name: str) -> bytes:
        """The bytes stored under a digest. Raises Gone."""
        body = self._read(f"{BLOBS}{name}")
        if body is None:
            raise Gone(f"{BLOBS}{name} is not in the registry.")
        return body

    def part(self, manifest: Manifest, name: str) -> bytes:
        """One part of a model, its digest checked. Raises Gone or CorruptObject."""
        return read_part(manifest, name, self.blob)

    def bundle(self, version: int, manifest_sha256: str | None = None) -> Bundle:
        """A version that loads, verified to the last digest. Raises Gone or CorruptObject.

        manifest_sha256: the digest that the release pointer gives, where it is known.
        """
        body = self.manifest_body(version)
        if body is None:
            raise Gone(f"There is no version {version} in the registry.")
        if manifest_sha256 is not None and digest(body) != manifest_sha256:
            what = f"The manifest of version {version}"
            raise CorruptObject(f"{what} is not the one that was released.")
        return read_bundle(body, self.blob)

    # Verdicts given later, against another champion than at training

    def verdict(self, manifest: Manifest, against: int) -> Verdict | None:
        """The verdict on a version against champion `against`; None where there is none yet."""
        if manifest.verdict.against == against:
            return manifest.verdict
        body = self._read(_verdict_name(manifest.version, against))
        if body is None:
            return None
        return Verdict.from_members(json.loads(body))

    def verdicts(self, manifest: Manifest) -> list[Verdict]:
        """The verdict at training, then every later one, in order of the champion's version."""
        listed = self.objects.list(f"verdicts/{manifest.version:08d}.")
        later = sorted(int(found.name.split(".")[-2]) for found in listed)
        found = (self.verdict(manifest, against) for against in later)
        return [manifest.verdict, *(verdict for verdict in found if verdict)]

    def last_verdict(self, manifest: Manifest) -> Verdict:
        """The verdict against the newest champion that a version was ever judged against."""
        return self.verdicts(manifest)[-1]

    def record_verdict(self, version: int, verdict: Verdict) -> None:
        """Keep a later judgement; the first one stays."""
        self._create(_verdict_name(version, verdict.against), canonical_json(asdict(verdict)))

    # The release pointer, which is also the outbox of ModelReleased

    def current_release(self) -> tuple[int, Release]:
        """Token and content of the pointer; ABSENT and NO_RELEASE before the first release."""
        return _release(self.control.get(RELEASE))

    def release_if_changed(self, token: int) -> tuple[int, Release] | Unchanged:
        """As `current_release`, but UNCHANGED where the pointer's token still is `token`."""
        if token == ABSENT:
            return self.current_release()
        stored = self.control.get_if_changed(RELEASE, token)
        return stored if isinstance(stored, Unchanged) else _release(stored)

    def past_releases(self) -> list[Release]:
        """Every release that the control bucket still keeps, today's included, first one first."""
        releases = []
        for kept in self.control.generations(RELEASE):
            with suppress(Gone), self.control.open_at(RELEASE, kept.generation) as stream:
                releases.append(Release.from_bytes(stream.read()))
        return sorted(releases, key=lambda release: release.epoch)

    def move_release(self, release: Release, expect: int) -> int:
        """Write the pointer if its token is still `expect`. Raises Conflict."""
        return swap(self.control, RELEASE, release.to_bytes(), expect, self._sleep)

    def notified_epoch(self) -> tuple[int, int]:
        """Token and the highest epoch whose message is known to be published."""
        stored = self.control.get(NOTIFIED)
        return (stored.token, int(json.loads(stored.body)["epoch"])) if stored else (ABSENT, 0)

    def record_notified(self, epoch: int, expect: int) -> None:
        """Remember that the message of `epoch` was published. Raises Conflict."""
        swap(self.control, NOTIFIED, canonical_json({"epoch": epoch}), expect, self._sleep)

    def live_quality(self) -> tuple[int, bytes]:
        """Token and JSON of what was last found of the serving version's live quality."""
        stored = self.control.get(QUALITY)
        return (stored.token, stored.body) if stored else (ABSENT, b"{}")

    def record_live_quality(self, body: bytes, expect: int) -> None:
        """Keep what was found. Raises Conflict."""
        swap(self.control, QUALITY, body, expect, self._sleep)

    def latest_drift(self) -> dict[str, Any] | None:
        """What the newest drift check found (`jobs.drift.result`); None before the first one.

        Raises CorruptObject.
        """
        stored = self.control.get(DRIFT)
        try:
            return dict(json.loads(stored.body)) if stored else None
        except (ValueError, TypeError) as error:
            raise CorruptObject(f"{DRIFT} does not parse: {error!r}.") from None

    def labels_asked(self) -> tuple[int, LabelsAsked | None]:
        """Token and content of what drift last asked for; None before. Raises CorruptObject."""
        stored = self.control.get(ASKED)
        return (stored.token, LabelsAsked.from_bytes(stored.body)) if stored else (ABSENT, None)

    def ask_labels(self, asked: LabelsAsked, expect: int) -> None:
        """Remember that labels are asked for. Raises Conflict."""
        swap(self.control, ASKED, asked.to_bytes(), expect, self._sleep)

    def _create(self, name: str, body: bytes) -> bool:
        return create_once(self.objects, name, body, self._sleep)

    def _read(self, name: str) -> bytes | None:
        stored = self.objects.get(name)
        return stored.body if stored else None


def _release(stored: Versioned | None) -> tuple[int, Release]:
    return (stored.token, Release.from_bytes(stored.body)) if stored else (ABSENT, NO_RELEASE)


def _numbered(folder: str, n: int) -> str:
    return f"{folder}/{n:08d}.json"


def _verdict_name(version: int, against: int) -> str:
    return f"verdicts/{version:08d}.{against}.json"


def _number(name: str) -> int:
    return int(name.rsplit("/", 1)[-1].removesuffix(".json"))
