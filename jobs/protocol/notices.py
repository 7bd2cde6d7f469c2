"""Tell people what happened, each event once: what became of a version can always be derived from
the registry again, and `notices.json` in the control bucket remembers what was told.

A notice is published, then remembered: a run that dies in between tells it once more, and the
function that posts it knows its key. Nothing here fails a run: what cannot be sent now is sent by
the next one.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from jobs.protocol.crash_points import Reached
from jobs.protocol.publish import publisher
from jobs.protocol.reconcile import may_release
from jobs.report.receipts import receipt_name
from jobs.tickets.file_report import FileReport, reports_from_json
from urgency.bundle import ACCOUNTING, Manifest, Verdict, canonical_json
from urgency.errors import Conflict, CorruptObject, UrgencyError
from urgency.logs import Log
from urgency.messages import Notice
from urgency.records import Release
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT, ObjectStore
from urgency.writes import Sleep, swap

TOLD = "notices.json"
KEYS_KEPT = 200
FILES_NAMED = 5
NAME_CHARS = 200
NOTHING_TAKEN = ("set aside", "quarantined")


@dataclass(frozen=True)
class Told:
    """What was told: every version up to `version` (None: nobody looked yet), and recent keys."""

    version: int | None = None
    keys: tuple[str, ...] = ()

    def also(self, key: str, version: int) -> "Told":
        """This, and a key ("": none), and every version up to `version` (0: none)."""
        others = tuple(one for one in self.keys if one != key)
        keys = (*others, key)[-KEYS_KEPT:] if key else self.keys
        return Told(max(version, self.version or 0) if version else self.version, keys)


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
            return stored.token, Told(members["version"], tuple(members["keys"]))
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptObject(f"{TOLD} is not readable ({error!r}); delete it.") from None

    def send(self, notice: Notice) -> None:
        """Publish a notice unless one of its key was."""
        if notice.key in self.told()[1].keys:
            return
        self.publish(notice)
        self.reached("notice_published")
        self.remember(key=notice.key)

    def remember(self, key: str = "", version: int = 0) -> None:
        """Remember a key, or every version up to one, by compare-and-swap."""
        while True:
            token, told = self.told()
            changed = told.also(key, version)
            body = canonical_json({"version": changed.version, "keys": list(changed.keys)})
            try:
                swap(self.control, TOLD, body, token, self.sleep)
            except Conflict:
                continue
            return


def publish_notice(
    settings: Settings,
    registry: Registry,
    notice: Notice,
    log: Log,
    reached: Reached = lambda _point: None,
) -> None:
    """Tell one thing, once by its key; nothing where no topic is set. Raises no UrgencyError."""
    _best_effort(settings, registry, log, reached, lambda outbox: outbox.send(notice))


def tell_what_happened(settings: Settings, registry: Registry, log: Log, reached: Reached) -> None:
    """Tell what became of every version since the last one told. Raises no UrgencyError."""
    links = Links(settings.service_url, settings.runbook, settings.landing_bucket)
    _best_effort(settings, registry, log, reached, lambda box: tell_versions(box, registry, links))


def _best_effort(
    settings: Settings,
    registry: Registry,
    log: Log,
    reached: Reached,
    tell: Callable[[Outbox], None],
) -> None:
    if settings.notices_topic:
        publish = publisher(settings, topic=settings.notices_topic)
        try:
            tell(Outbox(registry.control, publish, reached))
        except UrgencyError as error:
            log.warning("notices_not_sent", reason=str(error))


@dataclass(frozen=True)
class Links:
    """Where people read on: the service's address, the operations page, the landing bucket."""

    service: str
    runbook: str
    landing: str

    def card(self, version: int) -> str:
        """A version's card."""
        return f"{self.service}/v1/models/{version}/card"

    def receipt(self, report: FileReport) -> str:
        """A file's receipt."""
        return f"gs://{self.landing}/{receipt_name(report.file, report.generation)}.md"


def tell_versions(outbox: Outbox, registry: Registry, links: Links) -> None:
    """Oldest first; the first time, only the newest: nobody asked for a history."""
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


def is_open(version: int, verdict: Verdict, release: Release) -> bool:
    """Whether a run is about to release this version."""
    return verdict.decision == "PROMOTE" and may_release(release, version)


def version_notice(version: int, verdict: Verdict, release: Release, links: Links) -> Notice | None:
    """What became of a version that is not open; None where a newer one answers already."""
    answers = f"version {release.champion} goes on answering"
    if not release.champion:
        answers = "no version answers yet"
    why = f"{links.runbook}#versions-held-back"
    read = f"Run `urgency why {version}`; correct the files and drop them again."
    if verdict.decision != "PROMOTE":
        kind, done = {"HOLD": ("held", "held back")}.get(verdict.decision, ("rejected", "rejected"))
        reason = verdict.reasons[0] if verdict.reasons else "The gate gave no reason."
        text = f"Version {version} was {done}, {answers}: {reason}"
        return Notice(f"version-{version}", kind, text, read, why)
    if release.champion == version:
        instead = f" in place of version {verdict.against}" if verdict.against else ""
        text = f"Version {version} was promoted and answers now{instead}."
        action = "Nothing has to be done; its card shows how good it is."
        return Notice(f"version-{version}", "promoted", text, action, links.card(version))
    if not release.pinned and release.floor < version:
        return None
    text = f"Version {version} passed and was held back, {answers}: an operator rolled back."
    action = f"Run `urgency resume` to end a pin, or `urgency promote {version} --reason ...`."
    return Notice(f"version-{version}", "held", text, action, f"{links.runbook}#going-back")


def _new_reports(registry: Registry, manifest: Manifest, before: int) -> list[FileReport]:
    """Of the files that the version `before` did not know."""
    snapshot = registry.snapshot(before)
    known = {(file.name, file.generation) for file in snapshot.files} if snapshot else set()
    reports = reports_from_json(registry.part(manifest, ACCOUNTING))
    return [one for one in reports if (one.file, one.generation) not in known]


def files_notice(version: int, reports: Iterable[FileReport], links: Links) -> Notice | None:
    """One notice for all of these files of which nothing was taken; None where there are none."""
    refused = [one for one in reports if one.status in NOTHING_TAKEN and one.problems]
    if not refused:
        return None
    named = ", ".join(one.file[:NAME_CHARS] for one in refused[:FILES_NAMED])
    more = f" and {len(refused) - FILES_NAMED} more" if len(refused) > FILES_NAMED else ""
    count = "A file was" if len(refused) == 1 else f"{len(refused)} files were"
    return Notice(
        key=f"files-{version}",
        kind="set_aside",
        text=f"{count} set aside and nothing of it was learned: {named}{more}.",
        action="Its receipt says why; correct it and drop it again.",
        link=links.receipt(refused[0]),
    )
