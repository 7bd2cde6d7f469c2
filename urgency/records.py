"""The small records that the registry keeps besides models: snapshots and the release pointer."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from typing import Any

from urgency.bundle import canonical_json, digest
from urgency.errors import CorruptObject

SCHEMA = 1
"""Of the release pointer, as written here."""

WHOLE_MAX = 2**53
"""Numbers above this are not the same in every program that reads JSON."""

_REASON_MAX = 200
_SHA256 = re.compile("[0-9a-f]{64}")


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

    @property
    def is_gates(self) -> bool:
        """Whether a run made it, and no person."""
        return self.reason == THE_GATE

    def to_bytes(self) -> bytes:
        """Its JSON in the control bucket."""
        members = {"schema": SCHEMA, **asdict(self)}
        sha256 = members.pop("manifest_sha256")
        champion = {"version": self.champion, "manifest_sha256": sha256}
        return canonical_json(members | {"champion": champion if self.champion else None})

    @staticmethod
    def from_bytes(body: bytes) -> Release:
        """Raises CorruptObject, whatever the bytes are; it names a schema newer than this code."""
        try:
            return _release(json.loads(body))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            what = f"{type(error).__name__}: {error}"[:_REASON_MAX]
            raise CorruptObject(f"The release pointer does not parse: {what}.") from None


THE_GATE = "the gate said PROMOTE"
"""The reason of a release that no person made."""

NO_RELEASE = Release(0, 0, manifest_sha256="", floor=0, pinned=False, by="", reason="", at="")
"""What the pointer says before the first release."""


@dataclass(frozen=True, slots=True)
class LabelsAsked:
    """When drift last asked people for labels, and for which version's sake."""

    version: int
    at: datetime

    def to_bytes(self) -> bytes:
        """Its JSON in the control bucket."""
        return canonical_json({"version": self.version, "at": self.at.isoformat()})

    @staticmethod
    def from_bytes(body: bytes) -> LabelsAsked:
        """Raises CorruptObject."""
        try:
            members = json.loads(body)
            at = datetime.fromisoformat(_text(members, "at"))
            return LabelsAsked(_whole(members, "version", least=1), at.astimezone(UTC))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            what = f"drift/asked.json does not parse ({error!r}); delete it."
            raise CorruptObject(what) from None


def snapshot_id(files: tuple[SourceFile, ...], recipe: str) -> str:
    """sha256 over the file list in order of name, and the recipe."""
    listing = sorted([file.name, file.generation, file.size, file.crc32c] for file in files)
    return digest(canonical_json({"files": listing, "recipe": recipe}))


def _release(members: Any) -> Release:
    """The release that parsed JSON tells. Raises CorruptObject, ValueError, TypeError, KeyError."""
    if (schema := _whole(members, "schema", least=1)) > SCHEMA:
        newer = f"The release pointer has schema {schema}, newer than {SCHEMA}"
        raise CorruptObject(f"{newer}; deploy the newer service.")
    named = members["champion"]
    sha256 = "" if named is None else _text(named, "manifest_sha256")
    if named is not None and not _SHA256.fullmatch(sha256):
        raise ValueError("manifest_sha256 is no sha256 in hex")
    if not isinstance(members["pinned"], bool):
        raise TypeError("pinned is neither true nor false")
    return Release(
        epoch=_whole(members, "epoch"),
        champion=0 if named is None else _whole(named, "version", least=1),
        manifest_sha256=sha256,
        floor=_whole(members, "floor"),
        pinned=members["pinned"],
        by=_text(members, "by"),
        reason=_text(members, "reason"),
        at=_text(members, "at"),
    )


def _whole(members: Any, name: str, least: int = 0) -> int:
    number = members[name]
    if type(number) is not int or not least <= number <= WHOLE_MAX:
        raise TypeError(f"{name} is no whole number from {least} to {WHOLE_MAX}")
    return number


def _text(members: Any, name: str) -> str:
    text = members[name]
    if not isinstance(text, str):
        raise TypeError(f"{name} is no text")
    text.encode()  # a lone surrogate is no text either: UnicodeEncodeError is a ValueError
    return text
