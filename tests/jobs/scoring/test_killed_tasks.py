"""Real tasks, killed with SIGKILL and started again, write what undisturbed ones write."""

from __future__ import annotations

import csv
import io
import os
import random
from datetime import date
from pathlib import Path

import pytest

from data.generator.csv_text import to_csv
from data.generator.tickets import Recipe, Row, make_rows
from tests.support.cloud.whole_cloud import cloud
from tests.support.job.scoring_process import ScoringJob, put_champion

PROVE = bool(os.environ.get("URGENCY_PROVE"))
ROWS, SHARD_MB = (1_000_000, 8.0) if PROVE else (3_000, 0.05)


@pytest.mark.timeout(3_600)
def test_one_two_and_four_tasks_some_killed_give_the_same_bytes(tmp_path: Path) -> None:
    recipe = Recipe(rows=ROWS, seed=5, start=date(2025, 1, 1), days=90)
    body = to_csv(Row._fields, make_rows(recipe))
    chance = random.Random(1)
    outputs = []
    with cloud(tmp_path) as place:
        put_champion(place)
        job = ScoringJob(place, "in/2025.csv", SHARD_MB)
        job.put(body)
        for number, count in enumerate((1, 1, 2, 4)):
            target = f"scored/{number}/"
            deaths = [chance.randint(1, 3) if number else 0 for _ in range(count)]
            assert job.run(target, deaths) == [0] * count
            outputs.append(job.output(target))
    assert all(output == outputs[0] for output in outputs[1:])
    assert len(outputs[0]) > 20
    assert ids(joined(outputs[0])) == ids(body)


def joined(output: dict[str, bytes]) -> bytes:
    names = sorted(name for name in output if name.startswith("2025.csv/"))
    return b"".join(map(output.__getitem__, names))


def ids(body: bytes) -> list[str]:
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return [row["ticket_id"] for row in rows]
