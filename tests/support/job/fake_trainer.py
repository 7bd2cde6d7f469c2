"""A trainer that costs nothing: a model of a few bytes, and the verdict that a test decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.tickets.file_kind import why_not_text
from jobs.tickets.file_report import FileReport, Problem, reports_to_json
from tests.support.models import small_manifest, small_parts
from urgency.bundle import ACCOUNTING, ARRAYS, METRICS, Manifest, Verdict, canonical_json, digest
from urgency.records import Snapshot, SourceFile
from urgency.store import ObjectStore

Decide = Callable[[int, int], str]
"""Version and champion -> PROMOTE, HOLD or REJECT."""


@dataclass
class FakeTrainer:
    """See jobs.protocol.reconcile.Trainer; no two trainings give equal bytes.

    trained: the snapshots, in order.   judged: version and champion of each later verdict.
    loadable: whether a service can load the models.
    """

    landing: ObjectStore
    decide: Decide = lambda _version, _champion: "PROMOTE"
    work: Callable[[], None] = lambda: None
    trained: list[int] = field(default_factory=list)
    execution: str = "run-1"
    judged: list[tuple[int, int]] = field(default_factory=list)
    loadable: bool = False

    def train(self, snapshot: Snapshot, champion: int) -> tuple[Manifest, dict[str, bytes]]:
        data = self._read(snapshot)
        self.work()
        self.trained.append(snapshot.n)
        name = f"version {snapshot.n} of {data}, training {len(self.trained)}"
        parts = {
            **(small_parts() if self.loadable else {ARRAYS: name.encode()}),
            ACCOUNTING: reports_to_json([self._report(file) for file in snapshot.files]),
            METRICS: canonical_json({"data": [], "name": name}),
        }
        manifest = small_manifest(
            snapshot.n,
            {name: digest(body) for name, body in parts.items()},
            snapshot=snapshot.id,
            recipe=snapshot.recipe,
            verdict=self._verdict(snapshot.n, champion),
            execution=self.execution,
            forced_by=snapshot.forced_by,
        )
        return manifest, parts

    def judge(self, snapshot: Snapshot, manifest: Manifest, champion: int) -> Verdict:
        self._read(snapshot)
        self.judged.append((manifest.version, champion))
        return self._verdict(manifest.version, champion)

    def _verdict(self, version: int, champion: int) -> Verdict:
        return Verdict(self.decide(version, champion), ("The test decided.",), champion)

    def _read(self, snapshot: Snapshot) -> str:
        return digest(
            b"".join(
                self.landing.open_at(file.name, file.generation).read() for file in snapshot.files
            )
        )

    def _report(self, file: SourceFile) -> FileReport:
        """As if each byte were a row and one in ten bad; what is no text is set aside."""
        body = self.landing.open_at(file.name, file.generation).read()
        if reason := why_not_text(body):
            problems = (Problem(1, reason),)
            return FileReport(file.name, file.generation, file.size, problems=problems)
        bad = file.size // 10
        return FileReport(
            file.name, file.generation, file.size, accepted=file.size, quarantined=bad
        )
