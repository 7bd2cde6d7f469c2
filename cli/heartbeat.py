"""Where the heart beats: the last heartbeat of each hop, as the logs tell it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.log_lines import Logs

BACK = timedelta(days=2)
"""How far back a heartbeat is looked for; the alert comes after two hours."""

MOST = 500
WAY = ("landed", "train", "released")
"""What each hop calls itself: a function, the job, the other function."""

_IS_HEARTBEAT = 'jsonPayload.message="heartbeat"'


@dataclass(frozen=True)
class Hop:
    """A part of the way; seconds since it last logged a heartbeat, None where it did not."""

    hop: str
    age_s: float | None


def hops(logs: Logs, now: datetime) -> list[Hop]:
    """The hops in the order of the way.

    Raises Unavailable or Forbidden.
    """
    beats = logs.newest(MOST, now - BACK, _IS_HEARTBEAT)
    last = {beat.fields.get("hop"): beat.time for beat in beats}
    return [Hop(name, _age_s(last.get(name), now)) for name in WAY]


def _age_s(time: str | None, now: datetime) -> float | None:
    return None if time is None else round((now - datetime.fromisoformat(time)).total_seconds(), 1)
