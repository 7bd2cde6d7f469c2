"""The doctor's checks: each looks, writes nothing, and says what it found, why, and what to do."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from cli.context import System
from cli.file_checks import files_are_read, no_cell_is_kept
from cli.finding import Check, Finding, listed
from jobs.protocol.lease import read_lease
from jobs.protocol.snapshots import asked_at, due_files, list_landing
from jobs.recipe import recipe_of
from jobs.report.receipts import unanswered
from urgency.bundle import ACCOUNTING
from urgency.errors import CorruptObject, Gone, UrgencyError
from urgency.records import snapshot_id
from urgency.scorer import verified_scorer

FOLLOW_S = 7.0
"""An instance looks at the pointer when it is asked and its last look is 5 s old."""

START_A_RUN = "Start a run: urgency train --wait"


def snapshots_are_contiguous(system: System, now: datetime) -> Iterator[Finding]:
    """The log of snapshots has no hole, and each of them can be read."""
    numbers = system.registry.snapshot_numbers()
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if missing:
        yield Finding(
            f"Missing snapshots: {listed(missing)}.",
            "Snapshots are numbered without gaps, so somebody deleted them.",
            "Restore them from the registry bucket's old versions.",
        )


def newest_snapshot_is_trained(system: System, now: datetime) -> Iterator[Finding]:
    """The newest snapshot has a model, or a run is making it."""
    newest = system.registry.newest_snapshot()
    if newest and system.registry.manifest(newest.n) is None and not _training(system, now):
        yield Finding(
            f"Snapshot {newest.n} has no model, and no run is making one.",
            "The newest files are not in any model.",
            f"{START_A_RUN}; the last run's log says why it did not finish.",
        )


def models_are_whole(system: System, now: datetime) -> Iterator[Finding]:
    """Every manifest can be read and all its parts are there.

    The accounting of an older version may be gone: `no_cell_is_kept` may have asked for that.
    """
    blobs, needed = system.registry.blob_digests(), _needed_accountings(system)
    for version in system.registry.model_numbers():
        try:
            manifest = system.registry.manifest(version)
        except CorruptObject as error:
            yield _damaged(f"The manifest of version {version} is damaged: {error}")
            continue
        parts = manifest.parts.items() if manifest else ()
        lost = sorted(name for name, digest in parts if digest not in blobs)
        if version not in needed:
            lost = [name for name in lost if name != ACCOUNTING]
        if lost:
            yield _damaged(f"Version {version} lacks {', '.join(lost)}.")


def _needed_accountings(system: System) -> set[int]:
    """The newest version, whose receipts may still be written, and the one that serves."""
    _token, release = system.registry.current_release()
    return {max(system.registry.model_numbers(), default=0), release.champion}


def champion_loads(system: System, now: datetime) -> Iterator[Finding]:
    """Pointer, manifest and parts of the version that serves agree, and it scores as it did."""
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
            "Instances that start now have no model; running ones keep the one before.",
            "Go back to a version of 'urgency models': urgency rollback --to N --reason '...'",
        )


def release_is_announced(system: System, now: datetime) -> Iterator[Finding]:
    """The message of the pointer's last move was published."""
    _token, release = system.registry.current_release()
    if system.registry.notified_epoch()[1] < release.epoch:
        yield Finding(
            f"No message was published for version {release.champion} (epoch {release.epoch}).",
            "Instances find the release by themselves, but later than they could.",
            START_A_RUN,
        )


def landing_is_learned(system: System, now: datetime) -> Iterator[Finding]:
    """The newest snapshot is what is in the bucket now, made by today's recipe."""
    newest, files = system.registry.newest_snapshot(), list_landing(system.landing)
    recipe = newest.recipe if newest else ""
    files = due_files(newest, files, recipe, now, partial(asked_at, system.registry))
    if _training(system, now) or (newest is None and not files):
        return
    if newest and not files:
        yield Finding(
            "The landing bucket has no CSV any more.",
            "The model that serves stays, but it gets older.",
            "If somebody deleted them by mistake, restore the bucket's old versions.",
        )
    elif newest is None or set(newest.files) != set(files):
        yield Finding(
            "Files landed that no run has read yet.",
            "Their tickets are not in any model.",
            START_A_RUN,
        )
    elif newest.id != snapshot_id(files, recipe_of(system.settings)):
        yield Finding(
            "The newest snapshot was made by another recipe than the one here.",
            "The job has other code or model settings than this command, or has not run since.",
            f"Deploy both from one commit with the same settings. Then: {START_A_RUN}",
        )


def files_are_answered(system: System, now: datetime) -> Iterator[Finding]:
    """Every file of the newest model has a receipt."""
    newest = system.registry.newest_snapshot()
    if newest is None or system.registry.manifest(newest.n) is None:
        return
    missing = [file.name for file in unanswered(system.landing, newest.files)]
    if missing and not _training(system, now):
        what = f"These files have no receipt: {listed(missing)}."
        yield Finding(what, "Their owners wait for an answer.", START_A_RUN)


def lease_is_not_stale(system: System, now: datetime) -> Iterator[Finding]:
    """No run ended without giving back its lease."""
    lease = read_lease(system.registry.control)
    if lease.until and not lease.is_held(now):
        ended = f"{lease.until:%Y-%m-%d %H:%M} UTC"
        yield Finding(
            f"Run {lease.holder} did not give back its lease, which expired at {ended}.",
            "The run was killed. Nothing is blocked, but its work may be half done.",
            START_A_RUN,
        )


def nothing_is_undelivered(system: System, now: datetime) -> Iterator[Finding]:
    """No message was given up."""
    letters = system.dead_letters.peek()
    if letters:
        subscriptions = ", ".join(sorted({letter.subscription for letter in letters}))
        yield Finding(
            f"{len(letters)} message(s) of {subscriptions} could not be delivered.",
            "A function failed every time. The next sweep does the work, but the cause remains.",
            "Read the function's log, correct the cause, then: urgency dead-letters --replay",
        )


def instances_follow(system: System, now: datetime) -> Iterator[Finding]:
    """Every instance serves what the pointer names, after the time in which it should notice."""
    _token, release = system.registry.current_release()
    until = time.monotonic() + FOLLOW_S
    while behind := [one for one in system.service.instances() if one.epoch < release.epoch]:
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    for instance in behind:
        serves = f"it serves epoch {instance.epoch}" if instance.epoch else "it has no model"
        has = instance.problem or serves
        yield Finding(
            f"{instance.address} does not follow epoch {release.epoch}: {has}",
            "Its callers get answers of an older model, or none.",
            "Look for reload_refused in the service's log; 'urgency status' shows all instances.",
        )


CHECKS: tuple[Check, ...] = (
    snapshots_are_contiguous,
    newest_snapshot_is_trained,
    models_are_whole,
    champion_loads,
    release_is_announced,
    landing_is_learned,
    files_are_answered,
    files_are_read,
    no_cell_is_kept,
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
            why = "What was not checked may be wrong."
            found.append(Finding(what, why, "Correct that, then run it again.", check.__name__))
    return found


def _training(system: System, now: datetime) -> bool:
    """Whether a run holds the lease, so that the work is under way."""
    return read_lease(system.registry.control).is_held(now)


def _damaged(what: str) -> Finding:
    return Finding(
        what,
        "It cannot serve, and neither rollback nor replay can use it.",
        "Restore the object from the registry bucket's old versions.",
    )
