"""Log sinks into buckets: entries that pass a filter are laid down as objects, many in one.

An object holds entries of one hour, one a line, and is named by its log and its time; where the
name is taken, by the next shard. https://docs.cloud.google.com/logging/docs/export/storage
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.local.pocket.access import Access
from infra.local.pocket.container_logs import LOG, container_logs
from infra.local.pocket.errors import ApiError
from infra.local.pocket.log_entries import Entry, passing
from infra.local.pocket.objects import Objects
from infra.local.pocket.resources import NewObject, Preconditions
from infra.local.state import Home
from infra.local.timeline import Timeline
from infra.local.wiring import LogSink, Wiring

LAID_EVERY_S, LEAST_S = 10.0, 0.2
"""Google does it once an hour; who tries the system out does not wait so long."""

SHARDS = 1_000


class SinkWriter:
    """Lays the containers' entries into the bucket of one sink, from `start` to `stop`.

    What was read is remembered in a file, so that the next start goes on there.
    """

    def __init__(
        self,
        sink: LogSink,
        home: Home,
        wiring: Wiring,
        lay: Callable[[str, str, bytes], None],
        timeline: Timeline,
        *,
        every_s: float = LAID_EVERY_S,
    ) -> None:
        self._sink, self._passes = sink, passing(sink.filter)
        self._lay, self._timeline = lay, timeline
        self._home, self._wiring, self._every_s = home, wiring, every_s
        self._position = home.cloud / f"{sink.name}.position.json"
        self._offsets: dict[str, int] = _read(self._position)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Lay down what is there, and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def lay_down(self) -> None:
        """Every new entry that passes, now."""
        hours: dict[datetime, list[Entry]] = defaultdict(list)
        for entry in filter(self._passes, self._new_entries()):
            hours[_hour(entry)].append(entry)
        for hour, entries in hours.items():
            self._object(hour, entries)
        self._position.write_text(json.dumps(self._offsets))

    def _work(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.lay_down()
        self.lay_down()

    def _new_entries(self) -> Iterator[Entry]:
        for log in container_logs(self._home, self._wiring):
            log.offset = self._offsets.get(log.file.name, 0)
            yield from log.entries()
            self._offsets[log.file.name] = log.offset

    def _object(self, hour: datetime, entries: Iterable[Entry]) -> None:
        body = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
        for shard in range(SHARDS):
            name = object_name(hour, shard)
            who, facts = self._sink.service_account, {"sink": self._sink.name, "object": name}
            try:
                self._lay(self._sink.bucket, name, body)
            except ApiError as error:
                if error.code == 412:
                    continue
                return self._timeline.note("sink_refused", who, **facts, status=error.code)
            return self._timeline.note("sink_written", who, **facts)
        return None


def sink_writers(
    wiring: Wiring,
    home: Home,
    objects: Objects,
    access: Access,
    timeline: Timeline,
    *,
    speedup: float,
) -> list[SinkWriter]:
    """A writer for each sink, as its identity."""

    def layer(sink: LogSink) -> Callable[[str, str, bytes], None]:
        def lay(bucket: str, name: str, body: bytes) -> None:
            member = f"serviceAccount:{sink.service_account}"
            access.require(member, "storage.objects.create", f"buckets/{bucket}", name)
            objects.expect_bucket(bucket)
            draft = objects.payloads.draft()
            draft.append(body)
            new = NewObject(bucket, name, content_type="application/json")
            objects.put(new, draft, Preconditions(generation_match=0), lambda: None)

        return lay

    every_s = max(LAID_EVERY_S / speedup, LEAST_S)
    return [
        SinkWriter(sink, home, wiring, layer(sink), timeline, every_s=every_s)
        for sink in wiring.log_sinks
    ]


def object_name(hour: datetime, shard: int) -> str:
    """<log>/YYYY/MM/DD/<first second>_<last second>_S<shard>.json, in UTC."""
    last = hour + timedelta(minutes=59, seconds=59)
    return f"{LOG}/{hour:%Y/%m/%d/%H:%M:%S}_{last:%H:%M:%S}_S{shard}.json"


def _hour(entry: Entry) -> datetime:
    at = datetime.fromisoformat(entry["timestamp"]).astimezone(UTC)
    return at.replace(minute=0, second=0, microsecond=0)


def _read(position: Path) -> dict[str, int]:
    return json.loads(position.read_text()) if position.exists() else {}
