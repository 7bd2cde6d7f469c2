"""Training on many tickets: the same digests on any number of cores, memory that is bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.process_cost import Cost, cost_of

CHECKOUT = Path(__file__).parents[2]
TRAINED = """
import json, os, sys
if sys.argv[1] == "one":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from dataclasses import replace
from bench.ours import snapshot_of, trainer
capped = replace(trainer(), settings=replace(trainer().settings, most_tickets=1_500))
manifest, _ = capped.train(snapshot_of(*sys.argv[2:]), 0)
print(json.dumps([manifest.rows, manifest.parts]))
"""
FILES = ("data/tickets.csv", "data/tickets_week2.csv")
MIB = 2**20 / 1e6


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are chosen on Linux only")
def test_one_core_and_all_make_the_same_model_of_a_sample() -> None:
    one, every = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", TRAINED, cores, *FILES],
                env=os.environ | {"OMP_NUM_THREADS": threads, "PYTHONPATH": str(CHECKOUT)},
                cwd=CHECKOUT,
                capture_output=True,
                check=True,
            ).stdout
        )
        for cores, threads in (("one", "1"), ("all", "2"))
    )
    assert one == every
    rows, _ = one
    assert rows["accepted"] > 3_500
    assert rows["train"] + rows["validation"] + rows["test"] <= 1_500


def trained(folder: Path, rows: int) -> Cost:
    """What training on so many new tickets takes."""
    path = folder / f"{rows}.csv"
    cost_of("data.generator", ["--out", str(path), "--rows", str(rows), "--days", "180"])
    cost, told = cost_of("bench.ours", [str(path)])
    assert told["accepted"] > 0.85 * rows  # of a million made-up tickets a tenth repeat others
    assert told["released"]
    return cost


@pytest.mark.skipif("URGENCY_PROVE" not in os.environ, reason="a long one: URGENCY_PROVE=1")
@pytest.mark.timeout(7_200)
def test_a_million_tickets_take_two_gibibytes_and_no_more_a_ticket_than_few(tmp_path: Path) -> None:
    few, many = trained(tmp_path, 20_000), trained(tmp_path, 1_000_000)
    assert many.peak_mb < 2_048 * MIB
    assert many.cpu_s / 1_000_000 < few.cpu_s / 20_000
