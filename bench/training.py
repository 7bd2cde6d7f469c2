"""What training costs beside the seed's script: the same rows, the same split.

    python -m bench.training --rows 20000 200000 --kind plain rare

Beyond SEED_MOST tickets, which land in files of PER_FILE, ours is measured alone.

Each training is a process of its own. The seed's (bench.seed) reads rows that are already without
repetitions and on their sides; ours (bench.ours) reads the file itself and also calibrates, judges
and reports. Processor seconds say most: the clock's depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bench.process_cost import Cost, cost_of
from bench.table import markdown, met

WORDS: dict[str, list[str]] = {"plain": [], "rare": ["--words", "rare"]}
"""What the generator is told for each kind of tickets."""

OWED = {200_000: (4.0, 4.0, 3.0), 20_000: (2.0, 0.0, 0.0), 0: (0.0, 0.0, 0.0)}
"""By number of tickets from which it holds: how many times less CPU, clock and memory; 0: any."""

SEED_MOST, PER_FILE = 200_000, 1_000_000
"""Tickets that the seed's script is asked to train on, and those of one file."""

BOUND_MB = 4 * 2**30 / 1e6
"""Memory within which any number of tickets is trained on."""

DAYS, SEED = 180, 10
COSTS = {"cpu_s": "CPU, s", "wall_s": "clock, s", "peak_mb": "peak memory, MB"}
AUCS = {"roc_auc": "ROC-AUC, test", "pr_auc": "PR-AUC, test"}
HEAD = ("tickets", "measure", "seed", "ours", "ours against it", "owed", "reached")
AUC_LOSS = 0.005


@dataclass(frozen=True)
class Trained:
    """What a training cost, and how good its model is on the test rows."""

    cost: Cost
    test: dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parse(argv)
    corpora = [(rows, kind) for rows in options.rows for kind in options.kind]
    lines: list[tuple[str, ...]] = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=2 * len(corpora))
        for rows, kind in corpora:
            name = f"{rows:,} {kind}"

            def trained(module: str, *paths: Path, name: str = name) -> Trained:
                progress.update(task, description=f"{name}: {module}")
                trained = Trained(*cost_of(module, list(map(str, paths))))
                progress.advance(task)
                return trained

            lines += measured(name, rows, kind, trained)
    command = shlex.join(["python", "-m", "bench.training", *(argv or sys.argv[1:])])
    sys.stdout.write(f"{command}\n\n{markdown(HEAD, lines)}")
    return 0


def measured(
    name: str, rows: int, kind: str, trained: Callable[..., Trained]
) -> Iterator[tuple[str, ...]]:
    """The table's lines of new tickets of this kind. trained: (module, *paths) -> what it cost."""
    with TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.csv") for number in range(-(-rows // PER_FILE))]
        for number, path in enumerate(files):
            own = min(PER_FILE, rows - number * PER_FILE)
            options = ["--out", str(path), "--rows", str(own), "--days", str(DAYS)]
            cost_of("data.generator", [*options, "--seed", str(SEED + number), *WORDS[kind]])
        if rows > SEED_MOST:
            yield from alone(name, rows, trained("bench.ours", *files))
            return
        shared_out = Path(folder, "rows.csv")
        cost_of("bench.accepted_rows", [str(files[0]), str(shared_out)])
        yield from compared(
            name, rows, trained("bench.seed", shared_out), trained("bench.ours", *files)
        )


def alone(name: str, rows: int, ours: Trained) -> Iterator[tuple[str, ...]]:
    """The lines of the table without the seed; owed: memory within the bound, and a release."""
    cost, told = ours.cost, ours.test
    for measure, title in COSTS.items():
        own = getattr(cost, measure)
        is_memory = measure == "peak_mb"
        owed = (f"<= {BOUND_MB:,.0f}", met(own <= BOUND_MB)) if is_memory else ("", "")
        yield name, title, "", f"{own:,.1f}", "", *owed
    yield name, "CPU a ticket, us", "", f"{1e6 * cost.cpu_s / rows:,.1f}", "", "", ""
    yield name, "tickets taken", "", f"{told['accepted']:,}", "", "", ""
    yield (
        name,
        "released",
        "",
        "yes" if told["released"] else "no",
        "",
        "yes",
        met(told["released"]),
    )
    for measure, title in AUCS.items():
        yield name, title, "", f"{told[measure]:.4f}", "", "", ""


def compared(name: str, rows: int, seed: Trained, ours: Trained) -> Iterator[tuple[str, ...]]:
    """The lines of the table; owed: so many times less cost, and no lower AUC."""
    owed = next(times for least, times in OWED.items() if rows >= least)
    for measure, times in zip(COSTS, owed, strict=True):
        theirs, own = getattr(seed.cost, measure), getattr(ours.cost, measure)
        ratio = theirs / own
        target = (f"{times:.0f}x less", met(ratio >= times)) if times else ("", "")
        yield name, COSTS[measure], f"{theirs:,.1f}", f"{own:,.1f}", f"{ratio:.1f}x less", *target
    for measure, title in AUCS.items():
        theirs, own = seed.test[measure], ours.test[measure]
        lead = own - theirs
        target = (f">= -{AUC_LOSS}", met(lead >= -AUC_LOSS)) if measure == "roc_auc" else ("", "")
        yield name, title, f"{theirs:.4f}", f"{own:.4f}", f"{lead:+.4f}", *target


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about = "Training against the seed's script: cost and quality."
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=about)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--kind", choices=WORDS, nargs="+", default=["plain"])
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
