"""What one run scores and with which model, fixed by the task that comes first for all others.

A task that starts after a release, or that is tried again days later, reads the same plan: so the
run has one version, one list of files at one generation each, and one way of cutting them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from jobs.scoring.places import ArchiveFile, Below
from urgency.bundle import canonical_json, digest
from urgency.errors import CorruptObject, SettingsError, Unavailable
from urgency.registry import Registry
from urgency.writes import Sleep, create_once

CSV, JSON_LINES = "csv", "jsonl"
ALIGNED = 4
"""What the begin of a range is a multiple of: no encoding has half a character there."""

PLAN, LINKS, PARTS = "_plan.json", "_links/", "_parts/"
SHARD_BYTES = 32 * 2**20
"""Bytes of a file that are one task's at a time: what it holds in memory, and does again."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks for. `version` 0: the champion; `reasons`: how many for each ticket."""

    source: str
    format: str
    gzip: bool
    reasons: int
    shard_bytes: int = SHARD_BYTES
    version: int = 0


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of a file, `number` from 0 in the file and `place` from 0 in the run."""

    place: int
    file: ArchiveFile
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A request whose version and files are fixed. `execution` and `at`: who fixed it, and when."""

    request: Request
    manifest_sha256: str
    files: tuple[ArchiveFile, ...]
    execution: str
    at: str

    def shards(self) -> list[Shard]:
        """All shards, those of a file one after the other."""
        found: list[Shard] = []
        for file in self.files:
            count = max(1, -(-file.size // self.request.shard_bytes))
            found += [Shard(len(found) + n, file, n, count) for n in range(count)]
        return found

    def to_bytes(self) -> bytes:
        """As stored."""
        return canonical_json({"schema": 1, **asdict(self)})

    @staticmethod
    def from_bytes(body: bytes) -> Plan:
        """Raises CorruptObject."""
        try:
            members: dict[str, Any] = json.loads(body)
            if members["schema"] != 1:
                raise CorruptObject("The plan is of a newer version of this program; update it.")
            return Plan(
                Request(**members["request"]),
                members["manifest_sha256"],
                tuple(ArchiveFile(**one) for one in members["files"]),
                members["execution"],
                members["at"],
            )
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptObject(f"A plan does not parse: {error!r}.") from None


def read_plan(output: Below) -> Plan | None:
    """The plan that a run into this output has; None before it began."""
    body = output.read(PLAN)
    return None if body is None else Plan.from_bytes(body)


def plan_for(
    request: Request,
    output: Below,
    files: list[ArchiveFile],
    registry: Registry,
    *,
    execution: str,
    at: str,
    sleep: Sleep,
) -> Plan:
    """The run's plan: the one that is there, or a new one. Raises SettingsError.

    files: those that a new plan fixes.
    """
    there = read_plan(output)
    if there is None:
        version, sha256 = _model(registry, request.version)
        made = Plan(replace(request, version=version), sha256, tuple(files), execution, at)
        if create_once(output.store, output.name(PLAN), made.to_bytes(), sleep):
            return made
        there = read_plan(output)
    if there is None:
        raise Unavailable("The plan was written and cannot be read yet.")
    _expect_same(request, there.request)
    return there


def _model(registry: Registry, version: int) -> tuple[int, str]:
    """Version and digest of the manifest: those asked for, or the champion's."""
    if not version:
        release = registry.current_release()[1]
        if not release.champion:
            raise SettingsError("There is no model yet: drop labelled tickets first.")
        return release.champion, release.manifest_sha256 or ""
    body = registry.manifest_body(version)
    if body is None:
        raise SettingsError(f"There is no version {version}; 'urgency models' lists them.")
    return version, digest(body)


def _expect_same(asked: Request, there: Request) -> None:
    """Raise SettingsError where the output belongs to another run."""
    asked = replace(asked, version=asked.version or there.version)
    differ = [
        one.name for one in fields(Request) if getattr(asked, one.name) != getattr(there, one.name)
    ]
    if differ:
        told = ", ".join(f"{name} {getattr(there, name)}" for name in differ)
        raise SettingsError(f"The output holds another run, with {told}; choose another one.")
