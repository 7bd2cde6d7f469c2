"""Training: a snapshot's bytes -> a judged manifest and its parts; steps meet the store here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version as library_version
from typing import BinaryIO

import numpy as np
import pandas as pd

from jobs.model.fit import CATEGORIES, Fitted, fit
from jobs.model.gate import Champion, Evidence, Scores, judge
from jobs.model.golden import broken_promises, golden_part
from jobs.model.metrics import Floats
from jobs.model.threshold import cost_threshold, within_capacity
from jobs.protocol.crash_points import Reached
from jobs.report.card import card_html
from jobs.report.model_report import report_of
from jobs.tickets.dataset import Dataset, build_dataset
from jobs.tickets.file_report import reports_to_json
from jobs.tickets.rare_values import without_rare_values
from jobs.tickets.rules import rules_of
from jobs.tickets.same_tickets import tickets_digest
from jobs.tickets.split import SIDES
from urgency.bundle import (
    ACCOUNTING,
    ARRAYS,
    CARD,
    GOLDEN,
    METRICS,
    Bundle,
    Manifest,
    Verdict,
    canonical_json,
    digest,
)
from urgency.logs import Log
from urgency.records import Snapshot, SourceFile
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.settings import Settings
from urgency.store import ObjectStore
from urgency.ticket import Ticket

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy")
NOT_JUDGED = Verdict("HOLD", (), 0)


@dataclass(frozen=True)
class Candidate:
    """A fitted model and its probabilities for its snapshot's rows, shape (rows of data.frame,)."""

    snapshot: Snapshot
    data: Dataset
    scorer: Scorer
    probability: Floats

    @staticmethod
    def of(snapshot: Snapshot, data: Dataset, scorer: Scorer) -> Candidate:
        """With the probabilities worked out."""
        return Candidate(snapshot, data, scorer, probabilities(scorer, data.frame))


@dataclass(frozen=True)
class LandedTrainer:
    """Trains on what landed. See jobs.protocol.reconcile.Trainer."""

    landing: ObjectStore
    registry: Registry
    settings: Settings
    execution: str
    now: Callable[[], datetime]
    reached: Reached
    log: Log

    def train(self, snapshot: Snapshot, champion: int) -> tuple[Manifest, dict[str, bytes]]:
        """See Trainer; nothing is written."""
        data = self.read(snapshot)
        self.reached("read")
        began = time.monotonic()
        train = data.frame[data.frame["side"] == "train"]
        fitted = fit(train)
        duration_s = round(time.monotonic() - began, 2)
        self.log.info("model_fitted", rows=len(train), c=fitted.c, duration_s=duration_s)
        manifest = self._unjudged(snapshot, data.frame, train, fitted)
        candidate = Candidate.of(snapshot, data, Scorer(Bundle(manifest, fitted.arrays, [])))
        verdict = judge(self._evidence(candidate, champion))
        decision, reasons = verdict.decision, " ".join(verdict.reasons)
        self.log.info("model_judged", n=snapshot.n, decision=decision, reasons=reasons)
        return self._bundled(candidate, fitted, verdict)

    def judge(self, snapshot: Snapshot, manifest: Manifest, champion: int) -> Verdict:
        """See Trainer."""
        scorer = verified_scorer(self.registry.bundle(manifest.version))
        return judge(self._evidence(Candidate.of(snapshot, self.read(snapshot), scorer), champion))

    def read(self, snapshot: Snapshot) -> Dataset:
        """The tickets of a snapshot. Raises Gone."""

        def opened(file: SourceFile) -> BinaryIO:
            return self.landing.open_at(file.name, file.generation)

        data = build_dataset(snapshot.files, opened, rules_of(self.settings))
        for report in data.reports:
            names = ("file", "generation", "status", "records")
            counts = (*names, "accepted", "duplicate", "unlabelled", "quarantined")
            self.log.info("file_read", **{name: getattr(report, name) for name in counts})
        return replace(data, frame=without_rare_values(data.frame))

    def _unjudged(
        self, snapshot: Snapshot, frame: pd.DataFrame, train: pd.DataFrame, fitted: Fitted
    ) -> Manifest:
        """Everything but parts, metrics and verdict, for which it has to score first."""
        sides = {side: int((frame["side"] == side).sum()) for side in SIDES}
        return Manifest(
            version=snapshot.n,
            snapshot=snapshot.id,
            recipe=snapshot.recipe,
            parts={},
            bias=fitted.bias,
            unseen_idf=fitted.unseen_idf,
            threshold=self._threshold(train, fitted),
            review=self.settings.review_band,
            weights=fitted.weights,
            metrics={},
            rows={"accepted": len(frame), **sides},
            verdict=NOT_JUDGED,
            cause=snapshot.cause,
            libraries={name: library_version(name) for name in LIBRARIES},
            execution=self.execution,
            created_at=self.now().isoformat(),
            forced_by=snapshot.forced_by,
            tickets=tickets_digest(frame),
        )

    def _threshold(self, train: pd.DataFrame, fitted: Fitted) -> float:
        lowest, per_day = cost_threshold(self.settings.missed_cost), self.settings.capacity_per_day
        return within_capacity(lowest, fitted.out_of_fold, train["created_at"], per_day)

    def _evidence(self, candidate: Candidate, champion: int) -> Evidence:
        frame, probability = candidate.data.frame, candidate.probability
        side, urgent = frame["side"].to_numpy(object), frame["urgent"].to_numpy(bool)
        test, held_out, train = side == "test", side != "train", side == "train"
        threshold = candidate.scorer.manifest.threshold
        fresher, repeats = self._compared(candidate, champion)
        return Evidence(
            rows=len(frame),
            min_rows=self.settings.min_rows,
            base_rate=float(urgent[train].mean()) if train.any() else 0.0,
            test_urgent=urgent[test],
            test=Scores(probability[test], threshold),
            held_out_urgent=urgent[held_out],
            held_out=Scores(probability[held_out], threshold),
            slices={column: frame[column].to_numpy(object)[test] for column in CATEGORIES},
            broken_promises=tuple(broken_promises(candidate.scorer)),
            champion=self._champion(champion, frame[test]) if champion else None,
            fresher=fresher,
            repeats=repeats,
        )

    def _champion(self, version: int, test: pd.DataFrame) -> Champion:
        bundle = self.registry.bundle(version)
        scores = Scores(probabilities(verified_scorer(bundle), test), bundle.manifest.threshold)
        return Champion(version, bundle.manifest.rows["accepted"], scores)

    def _compared(self, candidate: Candidate, champion: int) -> tuple[bool, bool]:
        """Whether its tickets differ from the champion's; whether tickets and recipe are equal."""
        before = self.registry.manifest(champion) if champion else None
        if before and before.tickets:
            same = before.tickets == tickets_digest(candidate.data.frame)
            return not same, same and before.recipe == candidate.snapshot.recipe
        snapshot = self.registry.snapshot(champion) if champion else None
        return snapshot is None or _contents(snapshot) != _contents(candidate.snapshot), False

    def _bundled(
        self, candidate: Candidate, fitted: Fitted, verdict: Verdict
    ) -> tuple[Manifest, dict[str, bytes]]:
        unjudged = candidate.scorer.manifest
        base_rate, threshold = self._base_rate(verdict.against), unjudged.threshold
        report = report_of(candidate.data, candidate.probability, threshold, base_rate)
        report |= {"c": fitted.c, "missed_cost": self.settings.missed_cost}
        manifest = replace(unjudged, metrics=report["metrics"], verdict=verdict)
        parts = {
            ARRAYS: fitted.arrays.to_bytes(),
            GOLDEN: canonical_json(golden_part(candidate.scorer)),
            METRICS: canonical_json(report),
            ACCOUNTING: reports_to_json(candidate.data.reports),
            CARD: card_html(manifest, report).encode(),
        }
        return replace(manifest, parts={name: digest(body) for name, body in parts.items()}), parts

    def _base_rate(self, version: int) -> float | None:
        """Urgent share of the tickets that a version was fitted on; None for no version."""
        manifest = self.registry.manifest(version) if version else None
        return manifest.metrics["train"].get("base_rate") if manifest else None


def _contents(snapshot: Snapshot) -> set[tuple[int, str]]:
    return {(file.size, file.crc32c) for file in snapshot.files}


def probabilities(scorer: Scorer, frame: pd.DataFrame) -> Floats:
    """P(urgent) of each row, shape (rows,), by the scorer that serves."""
    columns = (frame[name] for name in ("title", "description", "source", "customer_tier"))
    tickets = (Ticket(*row) for row in zip(*columns, strict=True))
    return np.fromiter(map(scorer.probability, tickets), np.float64, len(frame))
