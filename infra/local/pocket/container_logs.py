"""What the containers of this stack have written, as Cloud Logging's entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.local.pocket.log_entries import Entry, entry_of
from infra.local.state import Home
from infra.local.wiring import Wiring

LOG = "run.googleapis.com/stderr"
EXECUTION = "run.googleapis.com/execution_name"


@dataclass
class ContainerLog:
    """The file of one container; `offset`: the bytes that were read, on from which it reads.

    resource: its type, with `resource_labels`.   labels: of every entry.
    """

    file: Path
    project: str
    resource: str
    resource_labels: dict[str, str]
    labels: dict[str, str]
    offset: int = 0

    def entries(self) -> Iterator[Entry]:
        """Of each complete line. One that is text has the time of the line before it, and is
        passed over where no line has told a time yet.
        """
        log = f"projects/{self.project}/logs/{LOG.replace('/', '%2F')}"
        at = ""
        for line in self._lines():
            entry = entry_of(line, self.resource, time=at, **self.resource_labels)
            at = entry["timestamp"]
            if at:
                name = f"{self.file.stem}-{self.offset}"
                yield entry | {"logName": log, "insertId": name, "labels": self.labels}

    def _lines(self) -> Iterator[str]:
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    return
                self.offset += len(line)
                yield line.decode(errors="replace")


def container_logs(home: Home, wiring: Wiring) -> Iterator[ContainerLog]:
    """Of every function and instance, then of every run of a job."""
    called = {one.name for one in (*wiring.functions, *wiring.services)}
    for file in sorted(home.logs.glob("*.log")):
        name, _, number = file.stem.rpartition("-")
        service = file.stem if file.stem in called else name if name in called else None
        if service:
            of = {"service_name": service, "project_id": wiring.project}
            labels = {"instanceId": number if service == name else "1"}
            yield ContainerLog(file, wiring.project, "cloud_run_revision", of, labels)
    for file in sorted(home.execution_logs.glob("*.log")):
        of = {"job_name": file.stem.rpartition("-")[0], "project_id": wiring.project}
        labels = {EXECUTION: file.stem}
        yield ContainerLog(file, wiring.project, "cloud_run_job", of, labels)
