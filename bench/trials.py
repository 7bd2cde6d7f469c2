"""Trials: the gate's verdicts, and what candidates are truly worth on clean tickets kept aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.pollution import POLLUTIONS, polluted
from bench.streams import Step, landed, parts, steps
from jobs.model.gate import PROMOTE, judge

ASIDE = 0.2
WEEK = 100


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
