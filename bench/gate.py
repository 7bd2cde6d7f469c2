"""How well the gate judges: python -m bench.gate tickets.csv other.csv.gz --seeds 10

Pollutions: 40 % of the tickets are old and clean, as many come in one new file, polluted. Streams:
a third is there, then files land: of a hundred in random order, and ten in order of their dates.
Worse: a candidate whose PR-AUC is truly .02 lower, simulated with each set's base rate and ROC-AUC.
What a verdict is worth is measured on the clean tickets kept aside, a fifth.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.pollution import POLLUTIONS, polluted
from bench.simulation import released_though_worse
from bench.streams import Step, landed, parts, read, steps
from jobs.model.gate import PROMOTE, judge
from jobs.model.metrics import roc_auc_with_error

ASIDE = 0.2
WEEK = 100
HARM = -0.01
"""Gain in PR-AUC below which a release did harm."""

WORSE_ROWS, WORSE_TRIALS = (600, 1_000, 2_000, 5_000), 100


@dataclass(frozen=True)
class Trial:
    """A verdict, and what the candidate gains beside the champion on the tickets kept aside: in
    PR-AUC and in false alarms per 1,000.
    """

    promoted: bool
    gain: float
    alarms: float = 0.0


def pollutions(frame: pd.DataFrame, seed: int) -> Iterator[tuple[str, Trial]]:
    """Each pollution once."""
    old, new, aside = parts(frame, (0.4, 0.4, ASIDE), seed)
    before, held_out = Step.of({"old.csv": old}), landed({"aside.csv": aside})
    for name in POLLUTIONS:
        after = Step.of({"old.csv": old, "new.csv": polluted(new, name, seed)})
        promoted = judge(after.evidence(before)).decision == PROMOTE
        gain, alarms = np.subtract(after.on(held_out), before.on(held_out))
        yield name, Trial(promoted, float(gain), float(alarms))


def weekly(frame: pd.DataFrame, seed: int) -> list[Trial]:
    """Files of a hundred in random order."""
    first, later, aside = parts(frame, (0.35, 0.45, ASIDE), seed)
    return _walk(steps(first, later.sample(frac=1, random_state=seed), WEEK), aside)


def dated(frame: pd.DataFrame, seed: int) -> list[Trial]:
    """Ten files in order of their dates; what is kept aside comes from all times."""
    rest, aside = parts(frame[frame["created_at"].notna()], (1 - ASIDE, ASIDE), seed)
    rest = rest.sort_values("created_at", kind="stable")
    first = len(rest) * 3 // 10
    return _walk(steps(rest.iloc[:first], rest.iloc[first:], max(1, len(rest) * 7 // 100)), aside)


def _walk(stream: Iterator[Step], aside: pd.DataFrame) -> list[Trial]:
    """Each step beside the last one that was promoted."""
    champion, held_out = next(stream), landed({"aside.csv": aside})
    walked = []
    for step in stream:
        promoted = judge(step.evidence(champion)).decision == PROMOTE
        walked.append(Trial(promoted, step.on(held_out)[0] - champion.on(held_out)[0]))
        champion = step if promoted else champion
    return walked


def longest_hold(stream: Sequence[Trial]) -> int:
    """The most files in a row after which the champion stayed."""
    letters = "".join("P" if trial.promoted else "h" for trial in stream)
    return max(map(len, letters.split("P")))


def pollution_table(
    sets: dict[str, pd.DataFrame], seeds: int, advance: Callable[[], None]
) -> Table:
    """A row a pollution, over all sets and seeds."""
    trials: dict[str, list[Trial]] = {name: [] for name in POLLUTIONS}
    for frame in sets.values():
        for seed in range(seeds):
            for name, trial in pollutions(frame, seed):
                trials[name].append(trial)
            advance()
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


def stream_table(sets: dict[str, pd.DataFrame], seeds: int, advance: Callable[[], None]) -> Table:
    """A row a set and kind of stream."""
    table = _table("Streams", "set", "files", "held though better", "did harm", "longest hold")
    for name, frame in sets.items():
        for kind, stream in (("weekly", weekly), ("dated", dated)):
            if kind == "dated" and frame["created_at"].isna().mean() > 0.5:
                continue
            streams = [stream(frame, seed) for seed in range(seeds)]
            found = [trial for each in streams for trial in each]
            better = [trial for trial in found if trial.gain > 0]
            table.add_row(
                f"{name}, {kind}",
                str(len(found)),
                f"{sum(not trial.promoted for trial in better)} of {len(better)}",
                str(sum(trial.promoted and trial.gain < HARM for trial in found)),
                str(max(map(longest_hold, streams))),
            )
            advance()
    return table


def worse_table(sets: dict[str, pd.DataFrame], advance: Callable[[], None]) -> Table:
    """A row a set: how many truly worse candidates are promoted, by the number of tickets."""
    table = _table(".02 worse, promoted", "set", *(f"{rows:,} tickets" for rows in WORSE_ROWS))
    for name, frame in sets.items():
        evidence = Step.of({"all.csv": frame}).evidence()
        auc, _ = roc_auc_with_error(evidence.ours.probability, evidence.urgent)
        auc = min(auc, 0.99)  # where nothing is missed nothing can be .02 worse by noise
        rate = float(evidence.urgent.mean())
        counts = [released_though_worse(rate, auc, rows, WORSE_TRIALS) for rows in WORSE_ROWS]
        table.add_row(name, *(f"{count} of {WORSE_TRIALS}" for count in counts))
        advance()
    return table


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
    given = parser.parse_args(arguments)
    sets = {path.name.split(".")[0]: read(path, given.rows) for path in given.sets}
    console = Console()
    with Progress(console=console) as progress:
        total = len(sets) * (given.seeds + 3)
        task = progress.add_task("judging", total=total)

        def advance() -> None:
            progress.advance(task)

        tables = [
            pollution_table(sets, given.seeds, advance),
            stream_table(sets, given.seeds, advance),
            worse_table(sets, advance),
        ]
    for table in tables:
        console.print(table)


if __name__ == "__main__":
    main()
