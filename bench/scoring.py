"""What scoring an archive costs beside pandas and scikit-learn: the same file, the same training.

    python -m bench.scoring --rows 200000

Each is a process of its own, start and imports included. Processor seconds are measured; dollars
are these times the list prices of infra/costs/prices.toml for a Cloud Run job with one vCPU and the
memory that Terraform gives it, or the next whole GiB above the peak.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.process_cost import Cost, cost_of
from bench.table import markdown, met

PRICES = Path(__file__).parents[1] / "infra" / "costs" / "prices.toml"
HEAD = ("scored by", "CPU s", "tickets a CPU s", "peak MB", "CPU s a million", "$ a million", "")
OWED_PER_S = 20_000
TRAINED_ROWS, REASONS = 20_000, 3
MILLION = 1_000_000


@dataclass(frozen=True)
class Scored:
    """What scoring `rows` tickets cost; `owed`: tickets a second that were promised, 0: none."""

    name: str
    rows: int
    cost: Cost
    owed: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parse(argv)
    with TemporaryDirectory() as folder:
        lines = list(lines_of(compared(Path(folder), options.rows)))
    command = shlex.join(
        ["python", "-m", "bench.scoring", *(sys.argv[1:] if argv is None else argv)]
    )
    sys.stdout.write(f"{command}\n\n{markdown(HEAD, lines)}")
    return 0


def compared(folder: Path, rows: int) -> Iterator[Scored]:
    """The costs of each way to score new tickets of this many rows."""
    train, archive = str(folder / "train.csv"), str(folder / "archive.csv")
    trained = min(TRAINED_ROWS, rows)
    cost_of("data.generator", ["--out", train, "--rows", str(trained), "--days", "90"])
    cost_of(
        "data.generator", ["--out", archive, "--rows", str(rows), "--days", "90", "--seed", "8"]
    )
    cost_of("bench.score_models", [train, str(folder)])
    for name, reasons, owed in (("ours", 0, OWED_PER_S), (f"ours, {REASONS} reasons", REASONS, 0)):
        target = str(folder / f"scored{reasons}")
        cost, said = cost_of("bench.score_ours", [str(folder), archive, target, str(reasons)])
        yield Scored(name, said["rows"], cost, owed)
    cost, said = cost_of("bench.score_pandas", [str(folder), archive, str(folder / "pandas.csv")])
    yield Scored("pandas + scikit-learn", said["rows"], cost)


def lines_of(found: Iterator[Scored]) -> Iterator[tuple[str, ...]]:
    """The lines of the table."""
    for one in found:
        per_s = one.rows / one.cost.cpu_s
        per_million = one.cost.cpu_s * MILLION / one.rows
        yield (
            one.name,
            f"{one.cost.cpu_s:,.1f}",
            f"{per_s:,.0f}",
            f"{one.cost.peak_mb:,.0f}",
            f"{per_million:,.1f}",
            f"{dollars(per_million, one.cost.peak_mb):.5f}",
            met(per_s >= one.owed) if one.owed else "",
        )


def dollars(cpu_s: float, peak_mb: float) -> float:
    """List price of so many seconds of a job with one vCPU and whole GiB of memory."""
    prices = tomllib.loads(PRICES.read_text())["price"]
    gib = math.ceil(peak_mb * 1e6 / 2**30)
    return float(cpu_s * (prices["job_cpu"]["usd"] + gib * prices["job_memory"]["usd"]))


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about = "Scoring an archive against pandas and scikit-learn: cost."
    parser = argparse.ArgumentParser(prog="python -m bench.scoring", description=about)
    parser.add_argument("--rows", type=int, default=200_000)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
