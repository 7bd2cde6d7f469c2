"""Training: a snapshot's bytes -> a judged manifest and its parts; steps meet the store here."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version as library_version
from typing import Any, BinaryIO

import numpy as np

from jobs.feature_shards import KeptShards
from jobs.model.evidence import Champion, Evidence
from jobs.model.findings import findings
from jobs.model.fit import Fitted, fit
from jobs.model.gate import judge
from jobs.model.golden import broken_promises, golden_part
from jobs.model.honest import HonestScores, read_honest
from jobs.model.metrics import Floats, metrics_of
from jobs.model.reference import category_counts, reference_of
from jobs.model.threshold import best_f1, cost_threshold, within_capacity
from jobs.model.tickets import Model, Tickets
from jobs.model.vectors import probabilities
from jobs.protocol.crash_points import Reached
from jobs.report.card import card_html
from jobs.report.model_report import report_of
from jobs.report.telling_words import telling_words
from jobs.tickets.dataset import build_dataset
from jobs.tickets.file_report import reports_to_json
from jobs.tickets.rules import rules_of
from jobs.tickets.split import SIDES
from urgency.bundle import (
    ACCOUNTING,
    ARRAYS,
    CARD,
    GOLDEN,
    HONEST,
    METRICS,
    REFERENCE,
    Bundle,
    Manifest,
    Verdict,
    canonical_json,
    digest,
)
from urgency.errors import CorruptObject, Gone
from urgency.logs import Log
from urgency.records import Snapshot, SourceFile
from urgency.reference import Reference
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.settings import Settings
from urgency.store import ObjectStore

LIBRARIES = ("numpy", "scipy")
NOT_JUDGED = Verdict("HOLD", (), 0)


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
        tickets = self.read(snapshot.files)
        self.reached("read")
        fitted, model = self._fitted(snapshot, tickets)
        evidence = self._evidence(tickets, model, champion)
        verdict = self._judged(snapshot, evidence)
        return self._bundled(tickets, fitted, model, evidence, verdict)

    def judge(self, snapshot: Snapshot, manifest: Manifest, champion: int) -> Verdict:
        """See Trainer."""
        tickets = self.read(snapshot.files)
        return self._judged(snapshot, self._evidence(tickets, self.stored(manifest), champion))

    def read(self, files: Sequence[SourceFile]) -> Tickets:
        """The tickets of these files. Raises Gone."""

        def opened(file: SourceFile) -> BinaryIO:
            return self.landing.open_at(file.name, file.generation)

        most = self.settings.most_tickets or sys.maxsize
        rules, kept = rules_of(self.settings), KeptShards.of(self.landing, self.log)
        data = build_dataset(files, opened, rules, most=most, read_file=kept.read_into)
        for report in data.reports:
            names = ("file", "generation", "status", "records")
            counts = (*names, "accepted", "duplicate", "unlabelled", "quarantined")
            self.log.info("file_read", **{name: getattr(report, name) for name in counts})
        return Tickets.of(data)

    def stored(self, manifest: Manifest) -> Model:
        """A version of the registry."""
        scorer = verified_scorer(self.registry.bundle(manifest.version))
        return Model(scorer, read_honest(self.registry.part(manifest, HONEST)))

    def _fitted(self, snapshot: Snapshot, tickets: Tickets) -> tuple[Fitted, Model]:
        began, learned = time.monotonic(), tickets.learned
        fitted = fit(tickets.corpus.take(learned))
        duration_s = round(time.monotonic() - began, 2)
        self.log.info("model_fitted", rows=int(learned.sum()), c=fitted.c, duration_s=duration_s)
        scorer = Scorer(Bundle(self._unjudged(snapshot, tickets, fitted), fitted.arrays, []))
        honest = np.empty(len(learned))
        honest[learned] = fitted.out_of_fold
        honest[~learned] = probabilities(scorer, tickets.corpus.take(~learned))
        return fitted, Model(scorer, HonestScores.of(tickets.text, tickets.corpus.urgent, honest))

    def _unjudged(self, snapshot: Snapshot, tickets: Tickets, fitted: Fitted) -> Manifest:
        """Everything but parts, metrics and verdict, for which it has to score first."""
        columns = tickets.data.columns
        sides = {side: columns.side.counts().get(side, 0) for side in SIDES}
        return Manifest(
            version=snapshot.n,
            snapshot=snapshot.id,
            recipe=snapshot.recipe,
            parts={},
            kinds=fitted.kinds,
            bias=fitted.bias,
            unseen_idf=fitted.unseen_idf,
            threshold=self._threshold(tickets, fitted),
            review=self.settings.review_band,
            weights=fitted.weights,
            metrics={},
            rows={"accepted": len(columns) + tickets.data.beyond, **sides},
            verdict=NOT_JUDGED,
            cause=snapshot.cause,
            libraries={name: library_version(name) for name in LIBRARIES},
            execution=self.execution,
            created_at=self.now().isoformat(),
            forced_by=snapshot.forced_by,
            tickets=tickets.digest,
        )

    def _threshold(self, tickets: Tickets, fitted: Fitted) -> float:
        learned, cost = tickets.learned, self.settings.missed_cost
        best = best_f1(fitted.out_of_fold, tickets.corpus.urgent[learned])
        lowest = cost_threshold(cost) if cost else best
        created_at = tickets.data.columns.created_at[learned]
        return within_capacity(
            lowest, fitted.out_of_fold, created_at, self.settings.capacity_per_day
        )

    def _judged(self, snapshot: Snapshot, evidence: Evidence) -> Verdict:
        verdict = judge(evidence)
        decision, reasons = verdict.decision, " ".join(verdict.reasons)
        self.log.info("model_judged", n=snapshot.n, decision=decision, reasons=reasons)
        return verdict

    def _evidence(self, tickets: Tickets, model: Model, champion: int) -> Evidence:
        columns = tickets.data.columns
        before = self.registry.manifest(champion) if champion else None
        return Evidence(
            urgent=tickets.corpus.urgent,
            file=np.asarray(columns.file.codes, np.int64),
            files=columns.file.values,
            ours=model.scores(tickets)[0],
            min_rows=self.settings.min_rows,
            slices=columns.categories,
            broken_promises=tuple(broken_promises(model.scorer)),
            champion=self._champion(before, tickets) if before else None,
            repeats=before is not None and before.tickets == tickets.digest,
        )

    def _champion(self, manifest: Manifest, tickets: Tickets) -> Champion | None:
        try:
            model: Model | None = self.stored(manifest)
        except CorruptObject as error:  # or made by code with other features
            self.log.warning("champion_made_again", version=manifest.version, reason=str(error))
            model = self._refitted(manifest)
        if model is None:
            return None
        scores, seen = model.scores(tickets)
        made_of = sum(manifest.rows[side] for side in SIDES)
        return Champion(manifest.version, made_of, scores, seen)

    def _refitted(self, manifest: Manifest) -> Model | None:
        """A version that this code cannot load, made again; None where its files are gone."""
        snapshot = self.registry.snapshot(manifest.version)
        try:
            return self._fitted(snapshot, self.read(snapshot.files))[1] if snapshot else None
        except Gone as gone:
            self.log.warning("champion_not_compared", version=manifest.version, reason=str(gone))
            return None

    def _bundled(
        self,
        tickets: Tickets,
        fitted: Fitted,
        model: Model,
        evidence: Evidence,
        verdict: Verdict,
    ) -> tuple[Manifest, dict[str, bytes]]:
        unjudged, told = model.scorer.manifest, _told(tickets, model, fitted)
        base_rate = self._base_rate(verdict.against)
        report = report_of(tickets.data, told, unjudged.threshold, base_rate)
        report |= {"c": fitted.c, "missed_cost": self.settings.missed_cost}
        report["words"] = telling_words(tickets.data, model.scorer)
        if evidence.champion:
            report["against"] = _against(evidence.champion, tickets)
        report["data"] += [asdict(finding) for finding in findings(evidence)]
        manifest = replace(unjudged, metrics=report["metrics"], verdict=verdict)
        parts = {
            ARRAYS: fitted.arrays.to_bytes(),
            GOLDEN: canonical_json(golden_part(model.scorer)),
            METRICS: canonical_json(report),
            ACCOUNTING: reports_to_json(tickets.data.reports),
            CARD: card_html(manifest, report).encode(),
            HONEST: model.honest.to_bytes(),
            REFERENCE: reference(tickets, model).to_bytes(),
        }
        return replace(manifest, parts={name: digest(body) for name, body in parts.items()}), parts

    def _base_rate(self, version: int) -> float | None:
        """Urgent share of the tickets that a version was fitted on; None for no version."""
        manifest = self.registry.manifest(version) if version else None
        return manifest.metrics["train"].get("base_rate") if manifest else None


def reference(tickets: Tickets, model: Model) -> Reference:
    """What drift compares with: the tickets as a model sees them that had not seen them."""
    named = category_counts(tickets.given, model.scorer.manifest.weights)
    honest, key = model.scores(tickets)[0].probability, tickets.corpus.key
    return reference_of(tickets.corpus.words, honest, key, tickets.learned, named)


def _told(tickets: Tickets, model: Model, fitted: Fitted) -> Floats:
    """What metrics speak of: the model itself on train and test, out of fold on validation."""
    told = model.scores(tickets)[0].probability.copy()
    train = tickets.data.columns.side.holds("train")
    told[train] = fitted.seen[train[tickets.learned]]
    return told


def _against(champion: Champion, tickets: Tickets) -> dict[str, Any]:
    """The champion on today's test tickets."""
    test, scores = ~tickets.learned, champion.scores
    urgent = tickets.corpus.urgent[test]
    metrics = metrics_of(scores.probability[test], urgent, scores.threshold)
    return {"version": champion.version, "metrics": metrics}
