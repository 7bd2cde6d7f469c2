"""The project's training, the whole of it, on one file or several.

    python -m bench.ours TICKETS.csv...

From the files' bytes to the manifest and its parts: reading, tuning, calibration, gate and report.
The metrics of the test side go to stdout as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from jobs.model.gate import PROMOTE
from jobs.protocol.snapshots import next_snapshot
from jobs.tickets import texts
from jobs.tickets.dataset import Dataset
from jobs.training import LandedTrainer
from urgency.bundle import Manifest
from urgency.logs import Log
from urgency.records import Snapshot, SourceFile
from urgency.registry import Registry
from urgency.settings import read_settings
from urgency.store import ListedObject, ObjectStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class LocalFiles:
    """What training asks of a bucket: the bytes of files, by their paths here."""

    def open_at(self, name: str, _generation: int) -> BinaryIO:
        """See ObjectStore."""
        return Path(name).open("rb")

    def list(self, _prefix: str) -> tuple[ListedObject, ...]:
        """See ObjectStore; no file was read by another machine."""
        return ()


def train(*paths: str) -> Manifest:
    """The manifest of the first version, made from these files."""
    return trainer().train(snapshot_of(*paths), 0)[0]


def trainer() -> LandedTrainer:
    """Training as it is by default, its log thrown away."""
    files = cast(ObjectStore, LocalFiles())
    return LandedTrainer(
        landing=files,
        registry=Registry(files, files),
        settings=read_settings({}),
        execution="bench",
        now=lambda: NOW,
        reached=lambda _point: None,
        log=Log(stream=io.StringIO()),
    )


def snapshot_of(*paths: str) -> Snapshot:
    """A snapshot of these files."""
    files = tuple(SourceFile(path, 1, Path(path).stat().st_size, "") for path in paths)
    return next_snapshot(None, files, "bench", now=NOW, forced_by=None)


def read_whole(path: str) -> Dataset:
    """The tickets of a file as training reads them, with all their texts."""
    texts.SAMPLE = sys.maxsize
    return trainer().read(snapshot_of(path).files).data


def main(*paths: str) -> int:
    """Train and tell."""
    manifest = train(*paths)
    told = manifest.metrics["test"] | {"accepted": manifest.rows["accepted"]}
    told |= {"released": manifest.verdict.decision == PROMOTE}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
