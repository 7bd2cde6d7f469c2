"""Announce: the pointer is the outbox of ModelReleased, so its message can be published again by whoever looks."""

from __future__ import annotations

from collections.abc import Callable

from jobs.protocol.crash_points import Reached
from urgency.errors import Conflict
from urgency.logs import Log
from urgency.messages import ModelReleased
from urgency.registry import Registry


def announce(
    registry: Registry,
    publish: Callable[[ModelReleased], None],
    execution: str,
    reached: Reached,
    log: Log,
) -> None:
    """Publish the pointer's epoch unless that is known to have happened; `execution` says who does it."""
    release = registry.current_release()[1]
    token, notified = registry.notified_epoch()
    if notified >= release.epoch:
        return
    publish(ModelReleased(release.epoch, release.champion, execution))
    reached("published")
    try:
        registry.record_notified(release.epoch, token)
    except Conflict:
        log.info("notified_by_another", epoch=release.epoch)
    reached("notified")
