"""How well the gate judges: python -m bench.gate tickets.csv other.csv.gz --seeds 10

Pollutions: 40 % of the tickets are old and clean, as many come in one new file, polluted. Streams:
a third is there, then files land: of a hundred in random order, and ten in order of their dates.
Worse: a candidate whose PR-AUC is truly .02 lower, simulated with each set's base rate and ROC-AUC.
What a verdict is worth is measured on the clean tickets kept aside, a fifth.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.pollution import POLLUTIONS
from bench.simulation import released_though_worse
from bench.streams import Step, read
from bench.trials import Trial, dated, longest_hold, pollutions, weekly
from jobs.model.metrics import roc_auc_with_error

HARM = -0.01
"""Gain in PR-AUC below which a release did harm."""

WORSE_ROWS, WORSE_TRIALS = (600, 1_000, 2_000, 5_000), 100

Sets = dict[str, pd.DataFrame]


def pollution_table(sets: Sets, seeds: int, progress: Progress) -> Table:
    """A row a pollution, over all sets and seeds."""
    trials: dict[str, list[Trial]] = {name: [] for name in POLLUTIONS}
    splits = [(frame, seed) for frame in sets.values() for seed in range(seeds)]
    for frame, seed in progress.track(splits, description="pollutions"):
        for name, trial in pollutions(frame, seed):
            trials[name].append(trial)
    table = _table("Pollutions", "labels", "promoted", "did harm", "worst", "mean gain", "alarms")
    for name, found in trials.items():
        released = [trial for trial in found if trial.promoted]
        table.add_row(
            name,
            f"{len(released)} of {len(found)}",
            str(sum(trial.gain < HARM for trial in released)),
            f"{min((trial.gain for trial in released), default=0):+.3f}",
            f"{np.mean([trial.gain for trial in found]):+.3f}",
            f"{max((trial.alarms for trial in released), default=0):+.0f}",
        )
    return table


def stream_table(sets: Sets, seeds: int, progress: Progress) -> Table:
    """A row a set and kind of stream."""
    kinds = [("weekly", weekly, name) for name in sets]
    kinds += [
        ("dated", dated, name) for name in sets if sets[name]["created_at"].notna().mean() > 0.5
    ]
    table = _table("Streams", "set", "files", "held though better", "did harm", "longest hold")
    for kind, stream, name in progress.track(kinds, description="streams"):
        streams = [stream(sets[name], seed) for seed in range(seeds)]
        found = [trial for each in streams for trial in each]
        better = [trial for trial in found if trial.gain > 0]
        table.add_row(
            f"{name}, {kind}",
            str(len(found)),
            f"{sum(not trial.promoted for trial in better)} of {len(better)}",
            str(sum(trial.promoted and trial.gain < HARM for trial in found)),
            str(max(map(longest_hold, streams))),
        )
    return table


def worse_table(sets: Sets, _: int, progress: Progress) -> Table:
    """A row a set: how many truly worse candidates are promoted, by the number of tickets."""
    table = _table(".02 worse, promoted", "set", *(f"{rows:,} tickets" for rows in WORSE_ROWS))
    for name, frame in progress.track(list(sets.items()), description="worse"):
        evidence = Step.of({"all.csv": frame}).evidence()
        auc, _error = roc_auc_with_error(evidence.ours.probability, evidence.urgent)
        auc = min(auc, 0.99)  # noise takes little from a ranking without mistakes
        rate = float(evidence.urgent.mean())
        counts = [released_though_worse(rate, auc, rows, WORSE_TRIALS) for rows in WORSE_ROWS]
        table.add_row(name, *(f"{count} of {WORSE_TRIALS}" for count in counts))
    return table


TABLES = {"pollutions": pollution_table, "streams": stream_table, "worse": worse_table}


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="bench.gate", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, help="files of labelled tickets, a set each")
    parser.add_argument("--seeds", type=int, default=10, help="how often each set is split")
    parser.add_argument("--rows", type=int, default=3_000, help="tickets taken of a set at most")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    given = parser.parse_args(arguments)
    sets = {path.name.split(".")[0]: read(path, given.rows) for path in given.sets}
    console = Console()
    with Progress(console=console) as progress:
        for name in given.tables:
            console.print(TABLES[name](sets, given.seeds, progress))


if __name__ == "__main__":
    main()
