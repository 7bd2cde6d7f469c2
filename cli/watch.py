"""Watch: what happens in the system, told hop by hop while it happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.context import System
from urgency.messages import INCOMING
from urgency.store import Unchanged

_DETAILS = {
    "message_published": ("message", "on topic {topic}"),
    "push_delivered": ("function", "{subscription} took the message in {latency_ms} ms"),
    "push_refused": (
        "function",
        "{subscription} refused the message ({status}); it will be sent again",
    ),
    "job_execution_started": ("job", "{job} runs as {execution}"),
    "job_attempt_failed": (
        "job",
        "{execution} failed; it is tried again unless that was the last attempt",
    ),
}
"""The timeline's hops that people want to see: stage and detail."""


@dataclass(frozen=True)
class Hop:
    """One thing that happened; `stage` is one word."""

    at: datetime
    stage: str
    detail: str


class Watch:
    """Begins now; each `look` tells what is new in the registry, the service and, on this machine,
    the timeline.
    """

    def __init__(self, system: System, tell: Callable[[Hop], None]) -> None:
        self._system, self._tell = system, tell
        self._registry = system.registry
        newest = self._registry.newest_snapshot()
        self._snapshot = newest.n if newest else 0
        self._trained = (
            self._snapshot if self._registry.manifest(self._snapshot) else self._snapshot - 1
        )
        self._token, release = self._registry.current_release()
        self._epoch = release.epoch
        self._behind: set[str] = set()
        self._tail = _Tail(system.local.home.timeline) if system.local else None

    @property
    def is_settled(self) -> bool:
        """Whether every instance that can be asked follows the pointer as last seen."""
        return not self._behind

    def look(self) -> None:
        """Tell what is new, in order of time."""
        hops = [
            *self._snapshots(),
            *self._models(),
            *self._pointer(),
            *self._instances(),
            *self._timeline(),
        ]
        for hop in sorted(hops, key=lambda hop: hop.at):
            self._tell(hop)

    def _timeline(self) -> Iterator[Hop]:
        for line in self._tail.lines() if self._tail else ():
            told = _told(line)
            if told:
                yield Hop(datetime.fromisoformat(line["time"]), *told)

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
            self._trained = self._snapshot
            trained_at, rows = (
                datetime.fromisoformat(manifest.created_at),
                _count(manifest.rows["accepted"], "ticket"),
            )
            yield Hop(
                trained_at,
                "trained",
                f"version {manifest.version} on {rows}{_quality(manifest.metrics)}",
            )
            committed = self._registry.stored_models()[manifest.version]
            verdict = self._registry.last_verdict(manifest)
            yield Hop(
                committed.created, "verdict", f"{verdict.decision}: {' '.join(verdict.reasons)}"
            )

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
        """Each instance is asked until it follows, but not before the message is out: to be asked
        makes it look.
        """
        if not self._behind or self._registry.notified_epoch()[1] < self._epoch:
            return
        for serving in self._system.service.serving():
            if serving.address in self._behind and serving.epoch >= self._epoch:
                self._behind.discard(serving.address)
                yield Hop(
                    datetime.now(UTC),
                    "reloaded",
                    f"version {serving.version} answers at {serving.address}",
                )


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


def _told(line: dict[str, Any]) -> tuple[str, str] | None:
    """Stage and detail of a timeline's line; None for what is seen elsewhere or matters to nobody."""
    if line["hop"] == "object_finalize":
        return _landing_stage(line)
    stage, detail = _DETAILS.get(line["hop"], (None, ""))
    return (stage, detail.format(**line)) if stage else None


def _landing_stage(line: dict[str, Any]) -> tuple[str, str] | None:
    if line["object"].startswith(INCOMING):
        return "landed", f"{line['object']}, generation {line['generation']}"
    if line["object"].startswith("receipts/") and line["object"].endswith(".md"):
        return "receipt", line["object"]
    return None


def _quality(metrics: dict[str, dict[str, float]]) -> str:
    """The one figure of the test set that the gate goes by, where there is one."""
    pr_auc = metrics.get("test", {}).get("pr_auc")
    return "" if pr_auc is None else f", test PR-AUC {pr_auc:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
