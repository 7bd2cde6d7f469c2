"""The operator's moves of the release pointer: the next release (pure), and how it is written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from cli.context import System
from cli.usage_error import UsageError
from jobs.protocol.publish import publish_pending
from urgency.errors import Conflict, CorruptObject, Gone
from urgency.logs import Log
from urgency.records import Release
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer

Decide = Callable[[Release], Release]
"""Today's release -> the next one, all but its epoch; it may raise UsageError.

Called again when another write came first.
"""


def promoted(current: Release, version: int, manifest_sha256: str) -> Release:
    """`version` serves despite the gate; pin and floor stay. Raises UsageError."""
    serving = current.champion
    if version == serving:
        raise UsageError(f"Version {version} serves already.")
    if version < serving:  # the next run would move on from it again
        older = f"Version {version} is older than {serving}, which serves"
        raise UsageError(f"{older}: use 'urgency rollback'.")
    return replace(current, champion=version, manifest_sha256=manifest_sha256)


def rolled_back(
    current: Release, version: int, manifest_sha256: str, versions: Sequence[int]
) -> Release:
    """`version` serves and is pinned; automation never promotes one of `versions` again.

    Raises UsageError.
    """
    serving = current.champion
    if not serving:
        raise UsageError("Nothing was released yet, so there is nothing to roll back.")
    if version > serving:
        newer = f"Version {version} is newer than {serving}, which serves"
        raise UsageError(f"{newer}: use 'urgency promote {version}'.")
    # the champion may have been released after `versions` were listed
    floor = max(current.floor, serving, *versions)
    return replace(
        current, champion=version, manifest_sha256=manifest_sha256, pinned=True, floor=floor
    )


def resumed(current: Release) -> Release:
    """The same version serves; automation may promote versions above the floor again.

    Raises UsageError.
    """
    if not current.pinned:
        raise UsageError("The pointer is not pinned: runs release by themselves already.")
    return replace(current, pinned=False)


def loadable(registry: Registry, version: int) -> str:
    """The digest of a version that loads here and scores its golden tickets. Raises UsageError."""
    return loaded(registry, version).manifest.sha256


def loaded(registry: Registry, version: int) -> Scorer:
    """A version that loads here and scores its golden tickets. Raises UsageError."""
    try:
        return verified_scorer(registry.bundle(version))
    except Gone as error:
        raise UsageError(f"{error} 'urgency models' lists all versions.") from error
    except CorruptObject as error:
        raise UsageError(f"Version {version} does not load, so it cannot serve: {error}") from error


def promote(system: System, version: int, reason: str) -> Release:
    """Let a version that loads here serve. Raises UsageError."""
    sha256 = loadable(system.registry, version)
    decide = partial(promoted, version=version, manifest_sha256=sha256)
    return move(system, decide, reason)


def roll_back(system: System, version: int, reason: str) -> Release:
    """Let a version that loads here serve, and pin it. Raises UsageError."""
    sha256, versions = loadable(system.registry, version), system.registry.model_numbers()
    decide = partial(rolled_back, version=version, manifest_sha256=sha256, versions=versions)
    return move(system, decide, reason)


def end_pin(system: System, reason: str) -> tuple[Release, str]:
    """The unpinned release, and the run started for what landed meanwhile. Raises UsageError."""
    release = move(system, resumed, reason)
    return release, system.runs.start()


def move(system: System, decide: Decide, reason: str, now: datetime | None = None) -> Release:
    """Write and publish what `decide` makes of today's release, with who, why and when.

    Raises UsageError.
    """
    by, at = system.who(), (now or datetime.now(UTC)).isoformat()
    while True:
        token, current = system.registry.current_release()
        epoch = current.epoch + 1
        following = replace(decide(current), epoch=epoch, by=by, reason=reason, at=at)
        try:
            system.registry.move_release(following, token)
        except Conflict:
            continue
        publish_release(system)
        return following


def publish_release(system: System) -> None:
    """Publish ModelReleased for today's pointer unless that has happened."""
    publish_pending(system.registry, system.publish, "operator", lambda _point: None, Log())
