"""Crash points: where a test kills this process, to show that the next run heals it."""

import os
import signal
from collections import Counter
from collections.abc import Callable

from urgency.errors import SettingsError
from urgency.settings import Settings

CRASH_POINTS = (
    "listed",
    "snapshot_made",
    "lease_taken",
    "read",
    "blobs_put",
    "committed",
    "released",
    "lease_freed",
    "published",
    "notified",
    "receipts",
    "done",
    "notice_published",
    "tracked",
)

Reached = Callable[[str], None]
"""Called with the name of each crash point as it is passed."""


def crash_points(settings: Settings) -> Reached:
    """What to call at each point; it does nothing unless URGENCY_CRASH_AT names the point.

    Raises SettingsError.
    """
    if not settings.crash_at:
        return lambda point: None
    name, _, occurrence = settings.crash_at.partition(":")
    if name not in CRASH_POINTS or not (occurrence or "1").isdigit():
        points = ", ".join(CRASH_POINTS)
        raise SettingsError(f"URGENCY_CRASH_AT={settings.crash_at!r} is none of {points}.")
    if not settings.is_local:
        why = "URGENCY_CRASH_AT kills the process, so it is refused outside the local stack"
        raise SettingsError(f"{why}; unset it.")
    passed: Counter[str] = Counter()

    def reached(point: str) -> None:
        passed[point] += 1
        if point == name and passed[point] == int(occurrence or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
