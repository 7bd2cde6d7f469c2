"""Watch: what happens in the system, shown hop by hop while it happens."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.context import System
from cli.show import plain, say
from jobs.report.receipts import RECEIPTS
from urgency.errors import Forbidden
from urgency.messages import INCOMING
from urgency.store import Unchanged

_TIMELINE_HOPS = {
    "message_published": ("message", "on topic {topic}"),
    "push_delivered": ("function", "{subscription} took the message in {latency_ms} ms"),
    "push_refused": ("function", "{subscription} refused the message ({status}); it comes again"),
    "job_execution_started": ("job", "{job} runs as {execution}"),
    "job_attempt_failed": ("job", "{execution} failed; it is tried again if attempts are left"),
}
"""Kind of a timeline's line -> stage and detail of the hop that people see."""


@dataclass(frozen=True)
class Hop:
    """One thing that happened; `stage` is one word."""

    at: datetime
    stage: str
    detail: str


OnHop = Callable[[Hop], None]


def hop_printer() -> OnHop:
    """Prints each hop with the seconds since now."""
    began = datetime.now(UTC)

    def show(hop: Hop) -> None:
        after_s = max(0.0, (hop.at - began).total_seconds())
        say(f"[dim]{after_s:7.2f} s[/]  [cyan]{hop.stage:9}[/] {plain(hop.detail)}")

    return show


def ignore_hop(_hop: Hop) -> None:
    """Show nothing, where standard output holds JSON."""


class Waiting:
    """Waits for an end and sees nothing else: for who may not read registry and pointer."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be seen."""
        return True

    def look(self) -> None:
        """Pass on what is new."""

    def look_until(self, has_ended: Callable[[], bool], timeout_s: float) -> None:
        """Look until something has ended and all is settled; at most `timeout_s`.

        It is asked before each look: what it did before it ended is then seen by the look.
        """
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            ended = has_ended()
            self.look()
            if ended and self.is_settled:
                break
            time.sleep(self._pause_s)


def begin_watch(system: System, on_hop: OnHop) -> Waiting:
    """A Watch; for somebody who may only upload, no more than a Waiting."""
    try:
        return Watch(system, on_hop)
    except Forbidden:
        on_hop(Hop(datetime.now(UTC), "waiting", "for the receipt; more is for operators to see"))
        return Waiting(system.pause_s)


class Watch(Waiting):
    """Begins now; `look` passes what is new in registry, service and this machine's timeline.

    Raises Forbidden where the caller may not read the registry.
    """

    def __init__(self, system: System, on_hop: OnHop) -> None:
        super().__init__(system.pause_s)
        self._system, self._registry, self._on_hop = system, system.registry, on_hop
        newest = self._registry.newest_snapshot()
        self._snapshot = newest.n if newest else 0
        has_model = self._registry.manifest(self._snapshot) is not None
        self._trained = self._snapshot if has_model else self._snapshot - 1
        self._token, release = self._registry.current_release()
        self._epoch = release.epoch
        self._behind: set[str] = set()
        self._tail = _Tail(system.local.home.timeline) if system.local else None

    @property
    def is_settled(self) -> bool:
        """Whether every instance that can be asked follows the pointer as last seen."""
        return not self._behind

    def look(self) -> None:
        """Pass on what is new, in order of time."""
        hops = [*self._snapshots(), *self._models(), *self._pointer(), *self._instances()]
        for hop in sorted([*hops, *self._timeline()], key=lambda hop: hop.at):
            self._on_hop(hop)

    def _timeline(self) -> Iterator[Hop]:
        for line in self._tail.lines() if self._tail else ():
            if seen := _stage_and_detail(line):
                yield Hop(datetime.fromisoformat(line["time"]), *seen)

    def _snapshots(self) -> Iterator[Hop]:
        while snapshot := self._registry.snapshot(self._snapshot + 1):
            self._snapshot = snapshot.n
            detail = f"number {snapshot.n}: {_count(len(snapshot.files), 'file')}"
            yield Hop(datetime.fromisoformat(snapshot.created_at), "snapshot", detail)

    def _models(self) -> Iterator[Hop]:
        """Of several snapshots that appeared at once, only the newest is trained."""
        if self._trained == self._snapshot:
            return
        manifest = self._registry.manifest(self._snapshot)
        if manifest:
            version, self._trained = manifest.version, self._snapshot
            rows, quality = _count(manifest.rows["accepted"], "ticket"), _quality(manifest.metrics)
            trained_at = datetime.fromisoformat(manifest.created_at)
            yield Hop(trained_at, "trained", f"version {version} on {rows}{quality}")
            committed_at = self._registry.stored_models()[version].created
            verdict = self._registry.last_verdict(manifest)
            yield Hop(committed_at, "verdict", f"{verdict.decision}: {' '.join(verdict.reasons)}")

    def _pointer(self) -> Iterator[Hop]:
        read = self._registry.release_if_changed(self._token)
        if isinstance(read, Unchanged):
            return
        self._token, release = read
        if release.epoch > self._epoch:
            self._epoch = release.epoch
            self._behind = set(self._system.service.addresses)
            pinned = ", pinned" if release.pinned else ""
            detail = f"version {release.champion} (epoch {release.epoch}{pinned})"
            yield Hop(datetime.fromisoformat(release.at), "pointer", detail)

    def _instances(self) -> Iterator[Hop]:
        """Asks each instance until it follows.

        Not before the message is out: an instance that is asked looks at the pointer by itself.
        """
        if not self._behind or self._registry.notified_epoch()[1] < self._epoch:
            return
        for instance in self._system.service.instances():
            if instance.address in self._behind and instance.epoch >= self._epoch:
                self._behind.discard(instance.address)
                detail = f"version {instance.version} answers at {instance.address}"
                yield Hop(datetime.now(UTC), "reloaded", detail)


class _Tail:
    """The lines that are added to a file of JSON lines from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = file.stat().st_size if file.exists() else 0

    def lines(self) -> Iterable[dict[str, Any]]:
        """Complete lines since the last call."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(self._offset)
            whole = file.read().rpartition(b"\n")[0]
        self._offset += len(whole) + bool(whole)
        return [json.loads(line) for line in whole.splitlines() if line]


def _stage_and_detail(line: dict[str, Any]) -> tuple[str, str] | None:
    """What people see of a timeline's line; None for what is shown elsewhere or not at all."""
    if line["hop"] == "object_finalize":
        return _landing_stage(line)
    stage, detail = _TIMELINE_HOPS.get(line["hop"], (None, ""))
    return (stage, detail.format(**line)) if stage else None


def _landing_stage(line: dict[str, Any]) -> tuple[str, str] | None:
    if line["object"].startswith(INCOMING):
        return "landed", f"{line['object']}, generation {line['generation']}"
    if line["object"].startswith(RECEIPTS) and line["object"].endswith(".md"):
        return "receipt", line["object"]
    return None


def _quality(metrics: dict[str, dict[str, float]]) -> str:
    """The figure of the test set that the gate goes by, where there is one."""
    pr_auc = metrics.get("test", {}).get("pr_auc")
    return "" if pr_auc is None else f", test PR-AUC {pr_auc:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
