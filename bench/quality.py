"""How good the model is on sets of tickets, beside the seed's script on the same splits.

    python -m bench.quality TICKETS.csv ... --no-signal NOISE.csv ...

Any file that the project reads will do. Each set is split five times; figures are means over the
test sides. The seed's model (bench.seed) is tuned on the train side and cuts at .5; ours is
trained, cut and judged as it is when a file lands. Of sets in which the words say nothing about the
label, and of shuffled labels, no model may be released; a copy in a script without spaces has to be
nearly as good as the set itself.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bench.ours import read_whole, trainer
from bench.seed import fit_and_evaluate
from bench.table import markdown, met
from bench.variants import ALPHABETS, SPLITS, another_split, shuffled_labels, without_spaces
from jobs.model.gate import PROMOTE
from jobs.model.tickets import Tickets
from jobs.protocol.snapshots import next_snapshot
from jobs.tickets.dataset import Dataset
from jobs.tickets.frame import frame_of
from jobs.training import LandedTrainer
from urgency.bundle import Manifest
from urgency.records import SourceFile

HEAD = ("set", "measure", "seed", "ours", "owed", "reached")
BRIER_OF_SEED, ECE_MOST, ECE_ROWS, SCRIPT_LOSS = 0.85, 0.05, 400, 0.03
SHUFFLED = "shuffled labels"
MEASURES = {
    "pr_auc": "PR-AUC",
    "roc_auc": "ROC-AUC",
    "brier": "Brier score",
    "ece": "ECE",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
}

Line = tuple[str, ...]
Splits = Callable[[str], Iterator[int]]
"""The numbers of the splits, for the work that it is told; more than SPLITS begin again."""

Changed = Callable[[Dataset, int], Dataset]
"""Tickets, changed in a way that the number of their split decides."""


@dataclass(frozen=True)
class GivenTickets(LandedTrainer):
    """Training on tickets that are read already."""

    tickets: Tickets

    def read(self, _files: Sequence[SourceFile]) -> Tickets:
        """See LandedTrainer."""
        return self.tickets


@dataclass(frozen=True)
class Means:
    """Metrics of the test sides, their means over the splits; `verdicts`, one a split."""

    metrics: dict[str, float]
    verdicts: tuple[str, ...] = ()

    @staticmethod
    def of(tests: Sequence[dict[str, float]], verdicts: Sequence[str] = ()) -> Means:
        """The means of these; a metric that one of them lacks is NaN."""
        names = ("rows", *MEASURES)
        means = {n: float(np.mean([test.get(n, np.nan) for test in tests])) for n in names}
        return Means(means, tuple(verdicts))

    @property
    def told(self) -> str:
        """The verdicts, counted."""
        return ", ".join(f"{n} {verdict}" for verdict, n in Counter(self.verdicts).items())


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parse(argv)
    total = options.splits * ((2 + len(ALPHABETS)) * len(options.sets) + len(options.no_signal))
    total += options.permutations * len(options.sets)
    lines: list[Line] = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        for path in (*options.sets, *options.no_signal):
            name = path.name.split(".")[0]

            def splits(what: str, name: str = name) -> Iterator[int]:
                for number in range(options.permutations if what == SHUFFLED else options.splits):
                    progress.update(task, description=f"{name}: {what}")
                    yield number
                    progress.advance(task)

            measured = of_set if path in options.sets else of_noise
            lines += measured(name, read_whole(str(path)), splits)
    command = shlex.join(["python", "-m", "bench.quality", *(argv or sys.argv[1:])])
    sys.stdout.write(f"{command}\n\n{markdown(HEAD, lines)}")
    return 0


def of_set(name: str, data: Dataset, splits: Splits) -> Iterator[Line]:
    """The lines of a set with signal."""
    parts = [another_split(data, number) for number in splits("the seed's script")]
    seed = Means.of([fit_and_evaluate(frame_of(part))["test"] for part in parts])
    ours = trained(data, splits("ours"))
    yield from beside(name, seed, ours)
    accepted = all(verdict == PROMOTE for verdict in ours.verdicts)
    yield name, "verdicts", "", ours.told, PROMOTE, met(accepted)
    yield _refused(name, f"verdicts, {SHUFFLED}", trained(data, splits(SHUFFLED), shuffled_labels))
    for script in ALPHABETS:
        copy = trained(without_spaces(data, script), splits(script))
        loss = ours.metrics["pr_auc"] - copy.metrics["pr_auc"]
        owed = f">= {ours.metrics['pr_auc'] - SCRIPT_LOSS:.3f}"
        measure = f"PR-AUC of its {script} copy"
        yield name, measure, "", f"{copy.metrics['pr_auc']:.3f}", owed, met(loss <= SCRIPT_LOSS)


def of_noise(name: str, data: Dataset, splits: Splits) -> Iterator[Line]:
    """The line of a set without signal."""
    yield _refused(name, "verdicts, no signal", trained(data, splits("no signal")))


def _as_it_is(data: Dataset, _number: int) -> Dataset:
    return data


def trained(data: Dataset, numbers: Iterable[int], changed: Changed = _as_it_is) -> Means:
    """Trained and judged as the first version on each of these splits, of changed tickets."""
    manifests = [_first_version(changed(another_split(data, number), number)) for number in numbers]
    tests = [manifest.metrics["test"] for manifest in manifests]
    return Means.of(tests, [manifest.verdict.decision for manifest in manifests])


def _first_version(data: Dataset) -> Manifest:
    base = trainer()
    snapshot = next_snapshot(None, (), "bench", now=base.now(), forced_by=None)
    return GivenTickets(**vars(base), tickets=Tickets.of(data)).train(snapshot, 0)[0]


def beside(name: str, seed: Means, ours: Means) -> Iterator[Line]:
    """Seed and ours on one set."""
    theirs, own = seed.metrics, ours.metrics
    brier = BRIER_OF_SEED * theirs["brier"]
    owed = {
        "pr_auc": (f"> {theirs['pr_auc']:.3f}", own["pr_auc"] > theirs["pr_auc"]),
        "brier": (f"<= {brier:.3f}", own["brier"] <= brier),
        "f1": (f"> {theirs['f1']:.3f}", own["f1"] > theirs["f1"]),
    }
    if own["rows"] >= ECE_ROWS:
        owed["ece"] = (f"<= {ECE_MOST}", own["ece"] <= ECE_MOST)
    yield name, "test tickets", *(f"{of.metrics['rows']:,.0f}" for of in (seed, ours)), "", ""
    for measure, title in MEASURES.items():
        target = (owed[measure][0], met(owed[measure][1])) if measure in owed else ("", "")
        yield name, title, f"{theirs[measure]:.3f}", f"{own[measure]:.3f}", *target


def _refused(name: str, measure: str, ours: Means) -> Line:
    return name, measure, "", ours.told, "no PROMOTE", met(PROMOTE not in ours.verdicts)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about = "Quality on sets of tickets, beside the seed's script."
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=about)
    parser.add_argument("sets", type=Path, nargs="*", metavar="CSV", help="tickets with signal")
    parser.add_argument("--no-signal", type=Path, nargs="*", default=[], metavar="CSV")
    parser.add_argument(
        "--permutations", type=int, default=SPLITS, help="of the labels; default: %(default)s"
    )
    parser.add_argument("--splits", type=int, default=SPLITS, help="default: %(default)s")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
