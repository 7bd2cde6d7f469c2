"""The operator's moves of the release pointer: what the next release is (pure), and the one way to
write it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cli.context import System
from cli.usage_error import Mistake
from jobs.protocol.publish import publish_pending
from urgency.errors import Conflict, CorruptObject, Gone
from urgency.logs import Log
from urgency.records import Release
from urgency.registry import Registry
from urgency.scorer import verified_scorer

Decide = Callable[[Release], Release]
"""Today's release -> the next one, all but its epoch. Raises Mistake. Called again when another
write came first.
"""


def promoted(current: Release, version: int, manifest_sha256: str) -> Release:
    """`version` serves whatever the gate said; a pin stays and so does the floor. Raises Mistake."""
    if current.champion == version:
        raise Mistake(f"Version {version} serves already.")
    if version < current.champion:  # the next run would move on from it again
        raise Mistake(
            f"Version {version} is older than {current.champion}, which serves: use 'urgency"
            " rollback'."
        )
    return replace(current, champion=version, manifest_sha256=manifest_sha256)


def rolled_back(
    current: Release, version: int, manifest_sha256: str, versions: Sequence[int]
) -> Release:
    """`version` serves and is pinned, and none of `versions` is ever promoted by automation again.
    Raises Mistake.
    """
    if not current.champion:
        raise Mistake("Nothing was released yet, so there is nothing to roll back.")
    if version > current.champion:
        raise Mistake(
            f"Version {version} is newer than {current.champion}, which serves: use 'urgency"
            f" promote {version}'."
        )
    floor = max(
        current.floor, current.champion, *versions
    )  # a version may be released after `versions` were listed
    return replace(
        current, champion=version, manifest_sha256=manifest_sha256, pinned=True, floor=floor
    )


def resumed(current: Release) -> Release:
    """The same version serves, and automation may promote versions above the floor again. Raises
    Mistake.
    """
    if not current.pinned:
        raise Mistake(
            "The pointer is not pinned, so automation is at work; 'urgency train' starts a run."
        )
    return replace(current, pinned=False)


def loadable(registry: Registry, version: int) -> str:
    """The digest of a version that loads here to the last golden ticket. Raises Mistake."""
    try:
        bundle = registry.bundle(version)
        verified_scorer(bundle)
    except Gone as error:
        raise Mistake(f"{error} 'urgency models' lists what there is.") from error
    except CorruptObject as error:
        raise Mistake(f"Version {version} does not load, so it cannot serve: {error}") from error
    return bundle.manifest.sha256


def move(system: System, decide: Decide, reason: str, now: datetime) -> Release:
    """Write what `decide` makes of today's release, with who, why and when, and announce it. Raises
    Mistake.
    """
    by = system.who()
    while True:
        token, current = system.registry.current_release()
        following = replace(
            decide(current), epoch=current.epoch + 1, by=by, reason=reason, at=now.isoformat()
        )
        try:
            system.registry.move_release(following, token)
        except Conflict:
            continue
        announce_release(system)
        return following


def announce_release(system: System) -> None:
    """Publish ModelReleased for today's pointer unless that has happened."""
    publish_pending(system.registry, system.publish, "operator", lambda _point: None, Log())
