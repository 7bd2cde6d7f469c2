"""Training: a snapshot's bytes -> a judged manifest and its parts; the one place where the pure steps meet the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version as library_version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobs.accounts import accounts_to_json
from jobs.card import card_html
from jobs.crash import Reached
from jobs.data_report import data_report
from jobs.dataset import Dataset, build_dataset
from jobs.evaluate import metrics_of, reliability
from jobs.gate import Champion, Evidence, Scores, judge
from jobs.golden import broken_promises, golden_part
from jobs.model import CATEGORIES, Fitted, fit
from jobs.threshold import choose_threshold, within_capacity
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
from urgency.records import Snapshot
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.settings import Settings
from urgency.store import ObjectStore
from urgency.ticket import Ticket

SPLITS = ("train", "validation", "test")
LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy")
NOT_JUDGED = Verdict("HOLD", (), 0)


@dataclass(frozen=True)
class LandedTrainer:
    """Trains on what landed. See jobs.reconcile.Trainer."""

    landing: ObjectStore
    registry: Registry
    settings: Settings
    execution: str
    now: Callable[[], datetime]
    reached: Reached
    log: Log

    def train(self, snapshot: Snapshot, champion: int) -> tuple[Manifest, dict[str, bytes]]:
        """See Trainer: gather the rows, fit, judge against `champion`; nothing is written. Raises Gone."""
        data = self._read(snapshot)
        self.reached("read")
        began = time.monotonic()
        train = data.frame[data.frame["side"] == "train"]
        fitted = fit(train)
        self.log.info("model_fitted", rows=len(train), c=fitted.c, duration_s=round(time.monotonic() - began, 2))
        manifest = self._manifest(snapshot, data.frame, fitted)
        scorer = Scorer(Bundle(manifest, "", fitted.arrays, []))
        probability = probabilities(scorer, data.frame)
        verdict = judge(self._evidence(snapshot, manifest, data.frame, scorer, probability, champion))
        self.log.info("model_judged", n=snapshot.n, decision=verdict.decision, reasons=list(verdict.reasons))
        return self._bundled(manifest, data, fitted, scorer, probability, verdict)

    def judge(self, snapshot: Snapshot, manifest: Manifest, champion: int) -> Verdict:
        """See Trainer: the committed model against another champion, on the rows of its own snapshot. Raises Gone."""
        frame = self._read(snapshot).frame
        scorer = verified_scorer(self.registry.bundle(manifest.version))
        return judge(self._evidence(snapshot, manifest, frame, scorer, probabilities(scorer, frame), champion))

    def _read(self, snapshot: Snapshot) -> Dataset:
        aliases = dict(self.settings.column_aliases)
        data = build_dataset(snapshot.files, lambda file: self.landing.open_at(file.name, file.generation), aliases)
        for account in data.accounts:
            self.log.info(
                "file_read",
                file=account.file,
                generation=account.generation,
                records=account.records,
                accepted=account.accepted,
                duplicate=account.duplicate,
                quarantined=account.quarantined,
            )
        return data

    def _manifest(self, snapshot: Snapshot, frame: pd.DataFrame, fitted: Fitted) -> Manifest:
        """Everything but parts, metrics and verdict, which come of scoring with it."""
        train = frame[frame["side"] == "train"]
        return Manifest(
            version=snapshot.n,
            snapshot=snapshot.id,
            recipe=snapshot.recipe,
            parts={},
            bias=fitted.bias,
            unseen_idf=fitted.unseen_idf,
            threshold=self._threshold(fitted.out_of_fold, train),
            review=self.settings.review_band,
            weights=fitted.weights,
            metrics={},
            rows={"accepted": len(frame), **{side: int((frame["side"] == side).sum()) for side in SPLITS}},
            verdict=NOT_JUDGED,
            cause=snapshot.cause,
            libraries={name: library_version(name) for name in LIBRARIES},
            execution=self.execution,
            created_at=self.now().isoformat(),
            forced_by=snapshot.forced_by,
        )

    def _threshold(self, probability: NDArray[np.float64], train: pd.DataFrame) -> float:
        urgent = train["urgent"].to_numpy(bool)
        if urgent.all() or not urgent.any():
            return 0.5
        threshold = choose_threshold(probability, urgent, missed_cost=self.settings.missed_cost)
        per_day = tickets_per_day(train["created_at"])
        if not self.settings.capacity_per_day or not per_day:
            return threshold
        # `per_day` counts training rows, which are the share of all tickets that this split keeps.
        return within_capacity(threshold, probability, self.settings.capacity_per_day / per_day * TRAIN_SHARE)

    def _evidence(
        self,
        snapshot: Snapshot,
        manifest: Manifest,
        frame: pd.DataFrame,
        scorer: Scorer,
        probability: NDArray[np.float64],
        champion: int,
    ) -> Evidence:
        side, urgent = frame["side"].to_numpy(), frame["urgent"].to_numpy(bool)
        test, held_out, train = side == "test", side != "train", side == "train"
        return Evidence(
            rows=len(frame),
            min_rows=self.settings.min_rows,
            base_rate=float(urgent[train].mean()) if train.any() else 0.0,
            test_urgent=urgent[test],
            test=Scores(probability[test], manifest.threshold),
            held_out_urgent=urgent[held_out],
            held_out=Scores(probability[held_out], manifest.threshold),
            slices={column: frame[column].to_numpy(object)[test] for column in CATEGORIES},
            broken_promises=tuple(broken_promises(scorer)),
            champion=self._champion(champion, frame[test]) if champion else None,
            fresher=self._is_fresher(snapshot, champion),
        )

    def _champion(self, version: int, test: pd.DataFrame) -> Champion:
        bundle = self.registry.bundle(version)
        scores = Scores(probabilities(verified_scorer(bundle), test), bundle.manifest.threshold)
        return Champion(version, bundle.manifest.rows["accepted"], scores)

    def _is_fresher(self, snapshot: Snapshot, champion: int) -> bool:
        """Whether this snapshot holds other files than the champion's."""
        before = self.registry.snapshot(champion) if champion else None
        return before is None or set(before.files) != set(snapshot.files)

    def _bundled(
        self,
        manifest: Manifest,
        data: Dataset,
        fitted: Fitted,
        scorer: Scorer,
        probability: NDArray[np.float64],
        verdict: Verdict,
    ) -> tuple[Manifest, dict[str, bytes]]:
        metrics = metrics_by_split(data.frame, probability, manifest.threshold)
        test = (data.frame["side"] == "test").to_numpy()
        urgent = data.frame["urgent"].to_numpy(bool)
        report = {
            "metrics": metrics,
            "slices": metrics_by_slice(data.frame[test], probability[test], manifest.threshold),
            "reliability": reliability(probability[test], urgent[test]) if test.any() else [],
            "data": [asdict(finding) for finding in data_report(data)],
            "c": fitted.c,
        }
        judged = replace(manifest, metrics=metrics, verdict=verdict)
        parts = {
            ARRAYS: fitted.arrays.to_bytes(),
            GOLDEN: canonical_json(golden_part(scorer)),
            METRICS: canonical_json(report),
            ACCOUNTING: accounts_to_json(data.accounts),
            CARD: card_html(judged, report).encode(),
        }
        return replace(judged, parts={name: digest(body) for name, body in parts.items()}), parts


def probabilities(scorer: Scorer, frame: pd.DataFrame) -> NDArray[np.float64]:
    """P(urgent) of each row, shape (rows,), by the scorer that serves."""
    columns = (frame[name] for name in ("title", "description", "source", "customer_tier"))
    tickets = (Ticket(*row) for row in zip(*columns, strict=True))
    return np.fromiter(map(scorer.probability, tickets), np.float64, len(frame))


def metrics_by_split(frame: pd.DataFrame, probability: NDArray[np.float64], threshold: float) -> dict[str, dict[str, float]]:
    """The metrics of train, validation and test; those of train flatter, as ever."""
    side, urgent = frame["side"].to_numpy(), frame["urgent"].to_numpy(bool)
    return {name: metrics_of(probability[side == name], urgent[side == name], threshold) for name in SPLITS}


def metrics_by_slice(
    frame: pd.DataFrame, probability: NDArray[np.float64], threshold: float
) -> dict[str, dict[str, dict[str, float]]]:
    """The metrics by column and category."""
    urgent = frame["urgent"].to_numpy(bool)
    slices: dict[str, dict[str, dict[str, float]]] = {}
    for column in CATEGORIES:
        values = frame[column].to_numpy(object)
        slices[column] = {
            value: metrics_of(probability[values == value], urgent[values == value], threshold)
            for value in sorted(set(values) - {""})
        }
    return slices


def tickets_per_day(created_at: pd.Series[pd.Timestamp]) -> float:
    """Rows a day over the span of their dates; 0 where too few have one."""
    dated = created_at.dropna()
    if len(dated) < len(created_at) / 2 or dated.empty:
        return 0.0
    days = (dated.max() - dated.min()).total_seconds() / 86_400
    return len(dated) / max(days, 1.0)
