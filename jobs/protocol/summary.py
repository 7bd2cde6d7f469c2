"""The state at the end of a run in one log line, from which alerts and charts are made."""

from datetime import datetime

from urgency.logs import Log
from urgency.registry import Registry

DAY_S = 86_400


def log_reconciled(registry: Registry, now: datetime, log: Log) -> None:
    """Log `reconciled`, unless the newest data has no model yet because another run trains.

    Fields: `n` (newest version), `champion` and `epoch` (0: none yet), `model_age_days` (of the
    champion, if there is one), `held` (versions in a row that were not released; 0 while pinned).
    """
    snapshot, versions = registry.newest_snapshot(), registry.model_numbers()
    if snapshot and snapshot.n not in versions:
        return
    _token, release = registry.current_release()
    base = max(release.champion, release.floor)
    held = 0 if release.pinned else sum(version > base for version in versions)
    champion = registry.manifest(release.champion) if release.champion else None
    if champion:
        age_s = (now - datetime.fromisoformat(champion.created_at)).total_seconds()
        log = log.bind(model_age_days=round(age_s / DAY_S, 2))
    log.info(
        "reconciled",
        n=max(versions, default=0),
        champion=release.champion,
        epoch=release.epoch,
        held=held,
    )
