"""After each run: how the serving version does on what people say, told when that has changed.

`quality.json` in the control bucket is the last answer. Only files of feedback that the version's
snapshot does not hold are read, so the work does not grow with the years.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from urgency.bundle import HONEST, Manifest, canonical_json, digest
from urgency.errors import Conflict, UrgencyError
from urgency.feedback import FEEDBACK, Feedback, is_feedback, read_lines
from urgency.live_quality import found_for
from urgency.logs import Log
from urgency.registry import Registry
from urgency.store import ListedObject, ObjectStore

if TYPE_CHECKING:
    from jobs.report.live_quality import LiveQuality

_READERS = 16


def follow_live_quality(landing: ObjectStore, registry: Registry, now: datetime, log: Log) -> None:
    """Tell and keep the serving version's live quality if it or the feedback is new.

    Trouble is one warning; the next run tries again.
    """
    try:
        _follow(landing, registry, now, log)
    except Conflict:
        log.info("live_quality_by_another")
    except UrgencyError as error:
        log.warning("live_quality_unknown", reason=str(error))


def _follow(landing: ObjectStore, registry: Registry, now: datetime, log: Log) -> None:
    version = registry.current_release()[1].champion
    manifest = registry.manifest(version) if version else None
    files = new_files(landing, registry, version) if manifest else []
    if manifest is None or not files:
        return
    looked_at = digest(canonical_json([version, [[one.name, one.generation] for one in files]]))
    token, stored = registry.live_quality()
    if found_for(stored, version).get("looked_at") == looked_at:
        return
    from jobs.report.live_quality import tell  # it brings numpy: most runs have nothing to tell

    found = quality_since(landing, registry, manifest, files)
    told = found.members() | {"looked_at": looked_at, "at": now.isoformat()}
    tell(found, log)
    registry.record_live_quality(canonical_json(told), token)


def new_files(landing: ObjectStore, registry: Registry, version: int) -> list[ListedObject]:
    """Files of feedback that a version's snapshot does not hold, by name."""
    snapshot = registry.snapshot(version)
    held = {(file.name, file.generation) for file in snapshot.files} if snapshot else set()
    listed = (one for one in landing.list(FEEDBACK) if is_feedback(one.name))
    return [one for one in listed if (one.name, one.generation) not in held]


def quality_since(
    landing: ObjectStore, registry: Registry, manifest: Manifest, files: Sequence[ListedObject]
) -> LiveQuality:
    """A version on what these files say. Raises CorruptObject."""
    from jobs.model.honest import read_honest
    from jobs.report.live_quality import live_quality
    from urgency.scorer import verified_scorer

    known = read_honest(registry.part(manifest, HONEST)).key
    scorer = verified_scorer(registry.bundle(manifest.version))
    return live_quality(scorer, known, _read(landing, files))


def _read(landing: ObjectStore, files: Sequence[ListedObject]) -> list[Feedback]:
    """What the files say; a file that is gone and a line that does not parse say nothing."""
    with ThreadPoolExecutor(_READERS) as readers:
        stored = list(readers.map(landing.get, [one.name for one in files]))
    return [said for one in stored if one for said in read_lines(one.body)[0]]
