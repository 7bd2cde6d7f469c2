"""The manifest: what one run made, written once by the task that finds everything made."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from jobs.scoring.parts import Part, part_of
from jobs.scoring.places import Below
from jobs.scoring.plan import PARTS, Plan
from urgency.bundle import canonical_json
from urgency.errors import SettingsError
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


def read_manifest(plan: Plan, output: Below) -> Outcome | None:
    """What the finished run made; None before its end. Raises SettingsError."""
    body = output.read(MANIFEST)
    if body is None:
        return None
    with suppress(ValueError, TypeError, AttributeError):
        members = json.loads(body)
        of_plan = json.loads(canonical_json(_of_plan(plan)))
        if all(members.get(name) == value for name, value in of_plan.items()):
            return _outcome(members)
    raise _not_ours(output)


def _not_ours(output: Below) -> SettingsError:
    name = output.name(MANIFEST)
    return SettingsError(f"{name} is not of this run; score into another place.")


def finish(plan: Plan, output: Below, sleep: Sleep) -> Outcome | None:
    """Write the manifest where every shard is made; None where others are at work.

    Raises SettingsError.
    """
    shards = plan.shards()
    records = output.names(PARTS)
    if len({name.partition("-")[0] for name in records}) < len(shards):
        return None
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        parts = [part_of(body) for body in pool.map(output.read, records) if body]
    if sum(part.last for part in parts) < len(shards):
        return None
    members = _members(plan, parts)
    if not create_once(output.store, output.name(MANIFEST), canonical_json(members), sleep):
        raise _not_ours(output)
    return _outcome(members)


def _of_plan(plan: Plan) -> dict[str, Any]:
    """What a manifest says of the run before anything is scored."""
    return {
        "schema": 1,
        **asdict(plan.request),
        "manifest_sha256": plan.manifest_sha256,
        "execution": plan.execution,
        "began_at": plan.at,
        "files": [asdict(file) for file in plan.files],
    }


def _members(plan: Plan, parts: Iterable[Part]) -> dict[str, Any]:
    parts = list(parts)
    # Of a file that ends for us at a line, each range behind it says so.
    refused = dict.fromkeys((part.file, part.refused) for part in parts if part.refused)
    return {
        **_of_plan(plan),
        "rows": sum(part.rows for part in parts),
        "scored": sum(part.rows - part.bad for part in parts),
        "bad": sum(part.bad for part in parts),
        "refused": [{"file": file, **asdict(why)} for file, why in refused if why],
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
