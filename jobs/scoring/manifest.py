"""The manifest: what one run made, written once by the task that finds everything made."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from jobs.scoring.parts import Part, part_of
from jobs.scoring.places import Below
from jobs.scoring.plan import PARTS, Plan
from urgency.bundle import canonical_json
from urgency.writes import Sleep, create_once

MANIFEST = "manifest.json"
_READ_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's numbers. `refused`: a sentence for each file that was not read to its end."""

    rows: int
    bad: int
    parts: tuple[str, ...]
    version: int
    refused: tuple[str, ...]


def read_manifest(output: Below) -> Outcome | None:
    """What a finished run made; None before its end."""
    body = output.read(MANIFEST)
    return None if body is None else _outcome(json.loads(body))


def finish(plan: Plan, output: Below, sleep: Sleep) -> Outcome | None:
    """Write the manifest where every shard is made; None where others are at work."""
    shards = plan.shards()
    records = output.names(PARTS)
    if len({name.partition("-")[0] for name in records}) < len(shards):
        return None
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        parts = [part_of(body) for body in pool.map(output.read, records) if body]
    if sum(part.last for part in parts) < len(shards):
        return None
    members = _members(plan, parts)
    create_once(output.store, output.name(MANIFEST), canonical_json(members), sleep)
    return _outcome(members)


def _members(plan: Plan, parts: Iterable[Part]) -> dict[str, Any]:
    parts = list(parts)
    refused = [{"file": part.file, **asdict(part.refused)} for part in parts if part.refused]
    return {
        "schema": 1,
        **asdict(plan.request),
        "manifest_sha256": plan.manifest_sha256,
        "execution": plan.execution,
        "began_at": plan.at,
        "files": [asdict(file) for file in plan.files],
        "rows": sum(part.rows for part in parts),
        "scored": sum(part.rows - part.bad for part in parts),
        "bad": sum(part.bad for part in parts),
        "refused": refused,
        "parts": [
            {name: getattr(part, name) for name in ("name", "rows", "bad", "size", "sha256")}
            for part in parts
            if part.name
        ],
    }


def _outcome(members: dict[str, Any]) -> Outcome:
    refused = (
        f"{one['file']}, line {one['line']:,}: {one['reason']}" for one in members["refused"]
    )
    return Outcome(
        members["rows"],
        members["bad"],
        tuple(part["name"] for part in members["parts"]),
        members["version"],
        tuple(refused),
    )
