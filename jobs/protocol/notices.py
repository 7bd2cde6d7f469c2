"""Tell people what happened, each event once: what became of a version, and who moved the pointer,
can always be derived from the registry again, and `notices.json` in the control bucket remembers
what was told.

A notice is published, then remembered: a run that dies in between tells it once more, and the
function that posts it knows its key. Nothing here fails a run: what cannot be sent now is sent by
the next one.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise

from jobs.protocol.crash_points import Reached
from jobs.protocol.publish import publisher
from jobs.protocol.reconcile import may_release
from jobs.report.notices import (
    Links,
    drift_notice,
    files_notice,
    quality_notice,
    release_notice,
    version_notice,
)
from jobs.tickets.file_report import FileReport, reports_from_json
from urgency.bundle import ACCOUNTING, Manifest, Verdict, canonical_json
from urgency.errors import Conflict, CorruptObject, UrgencyError
from urgency.live_quality import found_for
from urgency.logs import Log
from urgency.messages import Notice
from urgency.records import NO_RELEASE, Release
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT, ObjectStore
from urgency.writes import Sleep, swap

TOLD = "notices.json"
KEYS_KEPT = 200


@dataclass(frozen=True)
class Told:
    """What was told: every version up to `version` and every move of the pointer up to `epoch`
    (None: nobody looked yet), and recent keys.
    """

    version: int | None = None
    keys: tuple[str, ...] = ()
    epoch: int | None = None

    def also(self, key: str = "", version: int | None = None, epoch: int | None = None) -> "Told":
        """This, and a key, and every version and move up to these."""
        others = tuple(one for one in self.keys if one != key)
        keys = (*others, key)[-KEYS_KEPT:] if key else self.keys
        return Told(_later(self.version, version), keys, _later(self.epoch, epoch))


@dataclass(frozen=True)
class Outbox:
    """Publishes what the control bucket does not remember, and makes it remember.

    publish: raises Unavailable or Forbidden.
    """

    control: ObjectStore
    publish: Callable[[Notice], None]
    reached: Reached = lambda _point: None
    sleep: Sleep = time.sleep

    def told(self) -> tuple[int, Told]:
        """Token and content of `notices.json`."""
        stored = self.control.get(TOLD)
        if stored is None:
            return ABSENT, Told()
        try:
            members = json.loads(stored.body)
            return stored.token, Told(
                members["version"], tuple(members["keys"]), members.get("epoch")
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptObject(f"{TOLD} is not readable ({error!r}); delete it.") from None

    def send(self, notice: Notice) -> None:
        """Publish a notice unless one of its key was."""
        if notice.key in self.told()[1].keys:
            return
        self.publish(notice)
        self.reached("notice_published")
        self.remember(key=notice.key)

    def remember(self, key: str = "", version: int | None = None, epoch: int | None = None) -> None:
        """Remember a key, or every version or move up to one, by compare-and-swap."""
        while True:
            token, told = self.told()
            body = canonical_json(asdict(told.also(key, version, epoch)))
            try:
                swap(self.control, TOLD, body, token, self.sleep)
            except Conflict:
                continue
            return


def tell_what_happened(settings: Settings, registry: Registry, log: Log, reached: Reached) -> None:
    """Tell what the buckets say and nobody was told of; nothing where no topic is set.

    Each kind that cannot be told is one warning; it is not worth a run.
    """
    if not settings.notices_topic:
        return
    links = Links(settings.service_url, settings.runbook, settings.landing_bucket)
    publish = publisher(settings, topic=settings.notices_topic)
    outbox = Outbox(registry.control, publish, reached)
    for tell in (tell_versions, tell_releases, tell_quality, tell_drift):
        try:
            tell(registry, links, outbox)
        except UrgencyError as error:
            log.warning("notices_not_sent", reason=str(error))
        except (LookupError, TypeError, ValueError) as error:  # of an object that is not as it was
            log.warning("notices_not_sent", reason=f"{tell.__name__}: {type(error).__name__}")


def tell_versions(registry: Registry, links: Links, outbox: Outbox) -> None:
    """What became of every version since the last one told.

    The first time, only the newest: nobody asked for a history.
    """
    versions, told = registry.model_numbers(), outbox.told()[1].version
    since = told if told is not None else max(versions, default=0) - 1
    for before, version in pairwise([0, *versions]):
        if version <= since:
            continue
        manifest, release = registry.manifest(version), registry.current_release()[1]
        verdict = registry.last_verdict(manifest) if manifest else None
        if manifest is None or verdict is None or is_open(version, verdict, release):
            return
        notices = (
            version_notice(version, verdict, release, links),
            files_notice(version, _new_reports(registry, manifest, before), links),
        )
        for notice in filter(None, notices):
            outbox.send(notice)
        outbox.remember(version=version)


def tell_releases(registry: Registry, links: Links, outbox: Outbox) -> None:
    """Every move of the pointer since the last one told: by people, and by the gate of a version
    that had to wait. The first time, none.
    """
    current, told = registry.current_release()[1], outbox.told()[1].epoch
    if told is not None and told < current.epoch:
        for before, after in pairwise([NO_RELEASE, *registry.past_releases()]):
            is_due = after.epoch > told and (not after.is_gates or after == current)
            if is_due and (notice := release_notice(before, after, links)):
                outbox.send(notice)
    if told is None or told < current.epoch:
        outbox.remember(epoch=current.epoch)


def is_open(version: int, verdict: Verdict, release: Release) -> bool:
    """Whether a run is about to release this version."""
    return verdict.decision == "PROMOTE" and may_release(release, version)


def _new_reports(registry: Registry, manifest: Manifest, before: int) -> list[FileReport]:
    """Of the files that the version `before` did not know."""
    snapshot = registry.snapshot(before)
    known = {(file.name, file.generation) for file in snapshot.files} if snapshot else set()
    reports = reports_from_json(registry.part(manifest, ACCOUNTING))
    return [one for one in reports if (one.file, one.generation) not in known]


def tell_quality(registry: Registry, links: Links, outbox: Outbox) -> None:
    """That the serving version does worse than its tests promised."""
    champion = registry.current_release()[1].champion
    if notice := quality_notice(found_for(registry.live_quality()[1], champion), links):
        outbox.send(notice)


def tell_drift(registry: Registry, links: Links, outbox: Outbox) -> None:
    """That what is scored no longer looks like what the serving version was trained on."""
    found = registry.latest_drift() or {}
    is_of_today = found.get("version") == registry.current_release()[1].champion
    if is_of_today and (notice := drift_notice(found, links)):
        outbox.send(notice)


def _later(one: int | None, other: int | None) -> int | None:
    return max((number for number in (one, other) if number is not None), default=None)
