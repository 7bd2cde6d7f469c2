"""The next snapshot: a pure function of the one before, the landing listing and the recipe."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from urgency.errors import CorruptObject
from urgency.feedback import FEEDBACK, is_feedback
from urgency.messages import INCOMING, is_ticket_file
from urgency.records import Snapshot, SourceFile, snapshot_id
from urgency.registry import Registry
from urgency.store import ListedObject, ObjectStore

NAMES_KEPT = 100
"""File names that a cause spells out for each kind of change; the counts are always whole."""


def list_landing(landing: ObjectStore) -> tuple[SourceFile, ...]:
    """Every ticket file that there is now, oldest first: in a dataset the newest file wins.

    Then the files of feedback; alone they are nothing to train on, and are not listed.
    """
    dropped = sorted((o for o in landing.list(INCOMING) if is_ticket_file(o.name)), key=_age)
    if not dropped:
        return ()
    said = sorted((o for o in landing.list(FEEDBACK) if is_feedback(o.name)), key=_age)
    return tuple(SourceFile(o.name, o.generation, o.size, o.crc32c) for o in (*dropped, *said))


def due_files(
    before: Snapshot | None,
    files: tuple[SourceFile, ...],
    recipe: str,
    now: datetime,
    asked: Callable[[], datetime | None],
) -> tuple[SourceFile, ...]:
    """`files` without the feedback that has to wait.

    Alone, new feedback makes one snapshot a day (UTC); with any other change it comes along, and
    what drift asked for since the snapshot does not wait.   asked: looked up where feedback would.
    """
    if before is None:
        return files
    made = datetime.fromisoformat(before.created_at)
    if _day(made) < _day(now):
        return files
    taken = set(before.files)
    known = tuple(file for file in files if file in taken or not is_feedback(file.name))
    if known == files or snapshot_id(known, recipe) != before.id:
        return files
    at = asked()
    return files if at and made < at else known


def asked_at(registry: Registry) -> datetime | None:
    """When drift last asked for labels; None before, and where that does not parse: no hurry."""
    try:
        asked = registry.labels_asked()[1]
    except CorruptObject:
        return None
    return asked.at if asked else None


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def next_snapshot(
    before: Snapshot | None,
    files: tuple[SourceFile, ...],
    recipe: str,
    *,
    now: datetime,
    forced_by: str | None,
) -> Snapshot:
    """The snapshot that follows `before`, with the cause that tells them apart."""
    return Snapshot(
        n=before.n + 1 if before else 1,
        id=snapshot_id(files, recipe),
        recipe=recipe,
        files=files,
        nonce=uuid4().hex,
        created_at=now.isoformat(),
        cause=cause_of(before, files, recipe, forced=forced_by is not None),
        forced_by=forced_by,
    )


def cause_of(
    before: Snapshot | None, files: Iterable[SourceFile], recipe: str, *, forced: bool
) -> dict[str, Any]:
    """Why there is a new snapshot, derived by comparing, since an event carries no facts."""
    was = {file.name: file.generation for file in before.files} if before else {}
    live = {file.name: file.generation for file in files}
    changes = {
        "added": [name for name in live if name not in was],
        "replaced": [name for name in live if name in was and live[name] != was[name]],
        "removed": [name for name in was if name not in live],
    }
    return {
        **{
            kind: {"count": len(names), "names": sorted(names)[:NAMES_KEPT]}
            for kind, names in changes.items()
        },
        "recipe_changed": before is not None and before.recipe != recipe,
        "forced": forced,
    }


def _age(listed: ListedObject) -> tuple[datetime, str]:
    return listed.created, listed.name
