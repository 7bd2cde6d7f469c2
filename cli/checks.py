"""The doctor's checks: each looks, writes nothing, and says what it found, why that matters and
what to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from cli.context import System
from jobs.protocol.lease import read_lease
from jobs.protocol.snapshots import list_landing
from jobs.recipe import recipe_of
from jobs.report.receipts import unanswered
from urgency.errors import CorruptObject, Gone, UrgencyError
from urgency.records import snapshot_id
from urgency.scorer import verified_scorer

FOLLOW_S = 7.0
"""An instance looks at the pointer when it is asked and its last look is older than the soft bound,
which is 5 s.
"""

RUN = "Start a run: urgency train --wait"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, and which check found it."""

    what: str
    why: str
    todo: str
    check: str = ""


Check = Callable[[System, datetime], Iterator[Finding]]


def snapshots_are_contiguous(system: System, now: datetime) -> Iterator[Finding]:
    """The log of snapshots has no hole, and each of them can be read."""
    numbers = system.registry.snapshot_numbers()
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if missing:
        yield Finding(
            f"Snapshots {_listed(missing)} are missing.",
            "Snapshot numbers order everything; a hole means that somebody deleted history.",
            "Restore them from the registry bucket's old versions.",
        )


def newest_snapshot_is_trained(system: System, now: datetime) -> Iterator[Finding]:
    """The newest snapshot has a model, or a run is making it."""
    newest = system.registry.newest_snapshot()
    if newest and system.registry.manifest(newest.n) is None and not _training(system, now):
        yield Finding(
            f"Snapshot {newest.n} has no model, and no run is making one.",
            "What landed last is not in any model.",
            f"{RUN}; its log says why the last one did not finish.",
        )


def models_are_whole(system: System, now: datetime) -> Iterator[Finding]:
    """Every manifest can be read and all its parts are there."""
    blobs = system.registry.blob_digests()
    for version in system.registry.model_numbers():
        try:
            manifest = system.registry.manifest(version)
        except CorruptObject as error:
            yield _damaged(f"The manifest of version {version} is damaged: {error}")
            continue
        lost = (
            [name for name, digest in manifest.parts.items() if digest not in blobs]
            if manifest
            else []
        )
        if lost:
            yield _damaged(f"Version {version} lacks {', '.join(sorted(lost))}.")


def champion_loads(system: System, now: datetime) -> Iterator[Finding]:
    """Pointer, manifest and all parts of the version that serves agree by their digests, and it
    scores as it did.
    """
    _token, release = system.registry.current_release()
    if not release.champion:
        return
    try:
        bundle = system.registry.bundle(release.champion, release.manifest_sha256)
        for part in bundle.manifest.parts:
            system.registry.part(bundle.manifest, part)
        verified_scorer(bundle)
    except (CorruptObject, Gone) as error:
        yield Finding(
            f"Version {release.champion}, which should serve, does not load: {error}",
            "Instances that start now have no model; those that run keep the one before.",
            "Go back to one that loads ('urgency models'): urgency rollback --to N --reason '...'",
        )


def release_is_announced(system: System, now: datetime) -> Iterator[Finding]:
    """The message of the pointer's last move was published."""
    _token, release = system.registry.current_release()
    if system.registry.notified_epoch()[1] < release.epoch:
        yield Finding(
            f"The release of version {release.champion} (epoch {release.epoch}) was not announced.",
            "Instances find it by themselves, but later than they could.",
            RUN,
        )


def landing_is_learned(system: System, now: datetime) -> Iterator[Finding]:
    """The newest snapshot is what is in the bucket now, made by today's recipe."""
    newest, files = system.registry.newest_snapshot(), list_landing(system.landing)
    if _training(system, now) or (newest is None and not files):
        return
    if newest and not files:
        yield Finding(
            "There is no CSV in the landing bucket any more, although there was.",
            "Nothing changes because of it; the model that serves stays, and gets older.",
            "If they were deleted by mistake, restore the bucket's old versions.",
        )
    elif newest is None or set(newest.files) != set(files):
        yield Finding(
            "Files landed that no run has looked at yet.",
            "Their tickets are not in any model.",
            RUN,
        )
    elif newest.id != snapshot_id(files, recipe_of(system.settings)):
        yield Finding(
            "The newest snapshot was made by another recipe than the one here.",
            "Either the job has other code or model settings than this command, or it has not run"
            " since they changed.",
            f"Deploy both from one commit with the same settings. Then: {RUN}",
        )


def files_are_answered(system: System, now: datetime) -> Iterator[Finding]:
    """Every file of the newest model has a receipt."""
    newest = system.registry.newest_snapshot()
    if newest is None or system.registry.manifest(newest.n) is None:
        return
    missing = [file.name for file in unanswered(system.landing, newest.files)]
    if missing and not _training(system, now):
        yield Finding(
            f"{_listed(missing)} got no receipt.", "Their owners wait for an answer.", RUN
        )


def lease_is_not_stale(system: System, now: datetime) -> Iterator[Finding]:
    """No run went away without giving back its lease."""
    lease = read_lease(system.registry.control)
    if lease.until and not lease.is_held(now):
        yield Finding(
            f"Run {lease.holder} never gave back its lease, which ended"
            f" {lease.until:%Y-%m-%d %H:%M} UTC.",
            "It died. Nothing is blocked, but what it was doing may be half done.",
            RUN,
        )


def nothing_is_undelivered(system: System, now: datetime) -> Iterator[Finding]:
    """No message was given up."""
    letters = system.dead_letters()
    if letters:
        of = sorted({letter.subscription for letter in letters})
        yield Finding(
            f"{len(letters)} message(s) of {', '.join(of)} could not be delivered.",
            "A function failed every time. The sweep has done, or will do, its work; the cause is"
            " still there.",
            "Read the function's log, mend it, then acknowledge the messages.",
        )


def instances_follow(system: System, now: datetime) -> Iterator[Finding]:
    """Every instance that can be asked serves what the pointer names, after the time in which it
    should notice.
    """
    _token, release = system.registry.current_release()
    until = time.monotonic() + FOLLOW_S
    while behind := [
        serving for serving in system.service.serving() if serving.epoch < release.epoch
    ]:
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    for serving in behind:
        has = serving.problem or (
            f"it serves epoch {serving.epoch}" if serving.epoch else "it has no model"
        )
        yield Finding(
            f"{serving.address} does not follow epoch {release.epoch}: {has}",
            "Its callers get answers of an older model, or none.",
            "Read the service's log for reload_refused; 'urgency status' shows every instance.",
        )


CHECKS: tuple[Check, ...] = (
    snapshots_are_contiguous,
    newest_snapshot_is_trained,
    models_are_whole,
    champion_loads,
    release_is_announced,
    landing_is_learned,
    files_are_answered,
    lease_is_not_stale,
    nothing_is_undelivered,
    instances_follow,
)


def examine(system: System, now: datetime) -> list[Finding]:
    """All findings of all checks; a check that cannot look is a finding itself."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += [replace(finding, check=check.__name__) for finding in check(system, now)]
        except UrgencyError as error:
            what = f"Could not check that {check.__name__.replace('_', ' ')}: {error}"
            why = "What was not looked at is not known to be well."
            found.append(Finding(what, why, "Mend that, then look again.", check.__name__))
    return found


def _training(system: System, now: datetime) -> bool:
    """Whether a run holds the lease, so that things are on their way."""
    return read_lease(system.registry.control).is_held(now)


def _damaged(what: str) -> Finding:
    return Finding(
        what,
        "It cannot serve, be rolled back to or be replayed.",
        "Restore the object from the registry bucket's old versions.",
    )


def _listed(things: list[str] | list[int]) -> str:
    shown = ", ".join(map(str, things[:5]))
    return shown + (f" and {len(things) - 5} more" if len(things) > 5 else "")
