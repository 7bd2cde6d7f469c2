"""Where the heart beats: the last heartbeat of each hop, as the logs tell it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.log_lines import Logs

BACK = timedelta(days=2)
"""How far back a heartbeat is looked for; the alert comes after two hours."""

MOST = 500
_IS_HEARTBEAT = 'jsonPayload.message="heartbeat"'


@dataclass(frozen=True)
class Hop:
    """A container on the way; seconds since it last logged a heartbeat, None where it did not."""

    container: str
    age_s: float | None


def hops(logs: Logs, train_job: str, containers: tuple[str, ...], now: datetime) -> list[Hop]:
    """The hops in the order of the way: landing's function, job, release's function.

    Raises Unavailable or Forbidden.
    """
    last = {line.container: line.time for line in logs.newest(MOST, now - BACK, _IS_HEARTBEAT)}
    way = [name for name in containers if name.endswith("on-csv-landed")]
    way += [train_job, *(name for name in containers if name.endswith("on-model-released"))]
    return [Hop(name, _age_s(last.get(name), now)) for name in way]


def _age_s(time: str | None, now: datetime) -> float | None:
    return None if time is None else round((now - datetime.fromisoformat(time)).total_seconds(), 1)
