"""The small records that the registry keeps besides models: snapshots and the release pointer."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass
from typing import Any

from urgency.bundle import canonical_json, digest
from urgency.errors import CorruptObject


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One generation of one landed file; `size` in bytes."""

    name: str
    generation: int
    size: int
    crc32c: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The data of version `n`: these generations, oldest file first; `id` covers the recipe too."""

    n: int
    id: str
    recipe: str
    files: tuple[SourceFile, ...]
    nonce: str
    created_at: str
    cause: dict[str, Any]
    forced_by: str | None = None

    def to_bytes(self) -> bytes:
        """Its JSON in the registry; the nonce tells one run's snapshot from another's."""
        return canonical_json(asdict(self) | {"files": [astuple(file) for file in self.files]})

    @staticmethod
    def from_bytes(body: bytes) -> Snapshot:
        """Raises CorruptObject."""
        try:
            members = json.loads(body)
            files = tuple(SourceFile(*file) for file in members["files"])
            return Snapshot(**members | {"files": files})
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptObject(f"A snapshot does not parse: {error!r}.") from None


@dataclass(frozen=True, slots=True)
class Release:
    """Which version serves. `epoch` rises with each write; nothing <= `floor` is promoted again."""

    epoch: int
    champion: int
    manifest_sha256: str
    floor: int
    pinned: bool
    by: str
    reason: str
    at: str

    def to_bytes(self) -> bytes:
        """Its JSON in the control bucket."""
        members = {"schema": 1, **asdict(self)}
        sha256 = members.pop("manifest_sha256")
        champion = {"version": self.champion, "manifest_sha256": sha256}
        return canonical_json(members | {"champion": champion if self.champion else None})

    @staticmethod
    def from_bytes(body: bytes) -> Release:
        """Raises CorruptObject."""
        try:
            members = json.loads(body)
            champion = members["champion"] or {"version": 0, "manifest_sha256": ""}
            kept = ("epoch", "floor", "pinned", "by", "reason", "at")
            return Release(
                champion=champion["version"],
                manifest_sha256=champion["manifest_sha256"],
                **{name: members[name] for name in kept},
            )
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptObject(f"The release pointer does not parse: {error!r}.") from None


NO_RELEASE = Release(0, 0, manifest_sha256="", floor=0, pinned=False, by="", reason="", at="")
"""What the pointer says before the first release."""


def snapshot_id(files: tuple[SourceFile, ...], recipe: str) -> str:
    """sha256 over the file list in order of name, and the recipe."""
    listing = sorted([file.name, file.generation, file.size, file.crc32c] for file in files)
    return digest(canonical_json({"files": listing, "recipe": recipe}))
