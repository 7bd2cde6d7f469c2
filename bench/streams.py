"""Streams: tickets that land in files one by one, read, fitted and compared as in the job."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from jobs.model.evidence import Champion, Evidence
from jobs.model.fit import fit
from jobs.model.honest import HonestScores
from jobs.model.threshold import best_f1
from jobs.model.tickets import Model, Tickets
from jobs.model.vectors import probabilities
from jobs.tickets.dataset import Dataset, build_dataset
from jobs.tickets.frame import frame_of
from jobs.training import NOT_JUDGED
from urgency.bundle import Bundle, Manifest
from urgency.records import SourceFile
from urgency.scorer import Scorer

COLUMNS = ("ticket_id", "created_at", "title", "description", "source", "customer_tier")
MIN_ROWS = 200


def read(path: Path, most: int) -> pd.DataFrame:
    """At most so many tickets of a file, as the project's reader takes them, with an id each.

    Raises ValueError where the reader sets the file aside.
    """
    frame = frame_of(_dataset({path.name: path.read_bytes()}))
    if frame.empty:
        raise ValueError(f"{path}: no ticket could be read.")
    frame = frame.sample(min(most, len(frame)), random_state=0).sort_index()
    return frame.assign(ticket_id=[f"row-{number}" for number in range(len(frame))])


def landed(files: dict[str, pd.DataFrame]) -> Tickets:
    """What the project's reader takes of files that hold these tickets."""
    return Tickets.of(_dataset({name: _csv(rows) for name, rows in files.items()}))


def _csv(rows: pd.DataFrame) -> bytes:
    label = rows["urgent"].map({True: "urgent", False: "non-urgent"})
    table = rows[list(COLUMNS)].assign(label_urgency=label)
    return table.to_csv(index=False).encode()


def _dataset(contents: dict[str, bytes]) -> Dataset:
    files = [SourceFile(name, 1, len(body), "") for name, body in contents.items()]

    def opened(file: SourceFile) -> BinaryIO:
        return io.BytesIO(contents[file.name])

    return build_dataset(files, opened)


def model_of(tickets: Tickets) -> Model:
    """A model with honest scores, as the job makes it; it calls urgent from the best F1 on."""
    learned, corpus = tickets.learned, tickets.corpus
    fitted = fit(corpus.take(learned))
    manifest = Manifest(
        version=1,
        snapshot="",
        recipe="",
        parts={},
        bias=fitted.bias,
        unseen_idf=fitted.unseen_idf,
        threshold=best_f1(fitted.out_of_fold, corpus.urgent[learned]),
        review=None,
        weights=fitted.weights,
        metrics={},
        rows={},
        verdict=NOT_JUDGED,
        cause={},
        libraries={},
        execution="",
        created_at="",
        kinds=fitted.kinds,
    )
    scorer = Scorer(Bundle(manifest, fitted.arrays, []))
    honest = np.empty(len(learned))
    honest[learned] = fitted.out_of_fold
    honest[~learned] = probabilities(scorer, corpus.take(~learned))
    return Model(scorer, HonestScores.of(tickets.text, corpus.urgent, honest))


@dataclass(frozen=True)
class Step:
    """The tickets after one more file, and the model made from them."""

    tickets: Tickets
    model: Model

    @staticmethod
    def of(files: dict[str, pd.DataFrame]) -> Step:
        """Read and fitted."""
        tickets = landed(files)
        return Step(tickets, model_of(tickets))

    def evidence(self, before: Step | None = None) -> Evidence:
        """What the gate gets, with an earlier step's model as champion."""
        file = self.tickets.data.columns.file
        champion, equal = None, False
        if before:
            scores, seen = before.model.scores(self.tickets)
            champion = Champion(1, len(before.tickets.corpus), scores, seen)
            equal = len(before.tickets.corpus) == len(self.tickets.corpus)
        return Evidence(
            urgent=self.tickets.corpus.urgent,
            file=np.asarray(file.codes, np.int64),
            files=file.values,
            ours=self.model.scores(self.tickets)[0],
            min_rows=MIN_ROWS,
            champion=champion,
            repeats=equal,
        )

    def on(self, held_out: Tickets) -> tuple[float, float]:
        """PR-AUC and false alarms per 1,000 tickets on clean ones that no model saw."""
        probability = probabilities(self.model.scorer, held_out.corpus)
        urgent = held_out.corpus.urgent
        called = probability >= self.model.scorer.manifest.threshold
        return float(average_precision_score(urgent, probability)), 1_000 * float(
            (called & ~urgent).mean()
        )


def parts(frame: pd.DataFrame, shares: Sequence[float], seed: int) -> list[pd.DataFrame]:
    """Random parts of these shares; tickets of one split_key stay together."""
    rng = np.random.default_rng(seed)
    keys, number = np.unique(frame["split_key"].to_numpy(), return_inverse=True)
    part = np.searchsorted(np.cumsum(shares)[:-1], rng.random(len(keys)), side="right")[number]
    return [frame[part == at] for at in range(len(shares))]


def steps(first: pd.DataFrame, later: pd.DataFrame, size: int) -> Iterator[Step]:
    """The first tickets, then files of `size` one by one."""
    files = {"first.csv": first}
    yield Step.of(files)
    for start in range(0, len(later), size):
        files[f"later-{start:06}.csv"] = later.iloc[start : start + size]
        yield Step.of(files)
