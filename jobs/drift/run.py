"""python -m jobs drift: what was scored against what was trained on, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs.drift.lines import read_observed
from jobs.drift.page import drift_page
from jobs.drift.result import RELEASE, SINCE_MOST, Result, result_of, windows_of
from jobs.drift.statistic import MOVED
from urgency.bundle import REFERENCE, canonical_json
from urgency.errors import Conflict, Forbidden, Gone, Unavailable
from urgency.logs import Log
from urgency.records import LabelsAsked
from urgency.reference import Reference, read_reference
from urgency.registry import DRIFT, Registry
from urgency.settings import Settings
from urgency.store import ABSENT, CloudBucket, ObjectStore, storage_client
from urgency.writes import swap

NEEDED = ("project", "registry_bucket", "control_bucket", "observed_bucket")
FOLDER = "drift/"
TIMEOUT_S, PATIENCE_S = 60.0, 60.0
COOL_DOWN = timedelta(days=7)
"""Between two times that labels are asked for, whatever moves meanwhile."""


@dataclass(frozen=True)
class Drift:
    """A result and its page."""

    result: Result
    page: str


@dataclass(frozen=True)
class DriftRun:
    """One check over the buckets."""

    registry: Registry
    observed: ObjectStore
    log: Log

    @staticmethod
    def of(settings: Settings, log: Log) -> DriftRun:
        """Over the buckets that `settings` name. Raises SettingsError, or Forbidden."""
        client = storage_client(settings)
        names = (settings.registry_bucket, settings.control_bucket, settings.observed_bucket)
        registry, control, observed = (
            CloudBucket(client, name, timeout_s=TIMEOUT_S, patience_s=PATIENCE_S) for name in names
        )
        return DriftRun(Registry(registry, control), observed, log)

    def check(self, now: datetime) -> Drift:
        """The version that serves, against its reference. Raises Gone without a release."""
        version, since = serving_since(self.registry)
        observed = read_observed(self.observed, (now - SINCE_MOST).date())
        reference = self._reference(version)
        asked = self.registry.labels_asked()[1]
        result = result_of(observed, version, reference, since, now, asked=asked)
        drawn = windows_of(observed, version, since, now)[RELEASE]
        known = reference.counts if reference else None
        return Drift(result, drift_page(result, drawn, known))

    def record(self, drift: Drift) -> None:
        """Store result and page of this day, and say it in the log. Raises UrgencyError."""
        result = drift.result
        body, day = canonical_json(result.members()), result.at[:10]
        written = {f"{FOLDER}{day}.json": body, f"{FOLDER}{day}.html": drift.page.encode()}
        for name, content in (written | {DRIFT: body}).items():
            stored = self.registry.control.get(name)
            token = stored.token if stored else ABSENT
            swap(self.registry.control, name, content, token, time.sleep)
        self.log.info(
            "drift_checked",
            version=result.version,
            answer=result.answer,
            moved=[move.family for move in result.moves],
            index=max((s.index for w in result.windows.values() for s in w.shifts), default=0.0),
            tickets={name: window.tickets for name, window in result.windows.items()},
            unreadable=result.unreadable,
        )

    def ask(self, result: Result, now: datetime, start_training: Callable[[], str]) -> None:
        """Where it moved, and nobody was asked for a week: ask for labels, and start a training.

        That learns what people said meanwhile, and ends at once where nothing is new. The gate
        judges what it makes, as any version. start_training: the run's name; raises UrgencyError.
        """
        token, before = self.registry.labels_asked()
        if result.answer != MOVED or (before and now - before.at < COOL_DOWN):
            return
        log = self.log.bind(version=result.version, moved=[move.family for move in result.moves])
        try:
            self.registry.ask_labels(LabelsAsked(result.version, now), token)
            log.info("labels_asked", run=start_training())
        except Conflict:
            log.info("labels_asked_by_another")
        except (Forbidden, Unavailable) as error:  # the next sweep does what the run would have
            log.warning("labels_asked", run="", reason=str(error))

    def _reference(self, version: int) -> Reference | None:
        manifest = self.registry.manifest(version)
        if manifest is None or REFERENCE not in manifest.parts:
            return None
        return read_reference(self.registry.part(manifest, REFERENCE))


def serving_since(registry: Registry) -> tuple[int, datetime]:
    """The version that serves, and since when. Raises Gone before the first release."""
    champion = registry.current_release()[1].champion
    if not champion:
        raise Gone("No version serves yet, so there is nothing to compare.")
    since = datetime.now(UTC)
    for release in reversed(registry.past_releases()):
        if release.champion != champion:
            break
        since = datetime.fromisoformat(release.at).astimezone(UTC)
    return champion, since
