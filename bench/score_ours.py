"""The project's scoring: python -m bench.score_ours FOLDER ARCHIVE TARGET REASONS."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from bench.score_registry import registry_in
from jobs.scoring.places import Store
from jobs.scoring.plan import CSV, Request
from jobs.scoring.run import Job
from urgency.logs import Log
from urgency.settings import read_settings


def _no_bucket(name: str) -> Store:
    raise LookupError(f"no bucket {name} is meant here")


def main(folder: str, archive: str, target: str, reasons: str) -> int:
    """Score, and say how many rows there were."""
    job = Job(
        _no_bucket, registry_in(Path(folder)), read_settings({}), "bench", Log(stream=io.StringIO())
    )
    request = Request(archive, CSV, gzip=False, reasons=int(reasons))
    outcome = job.score(request, target, (0, 1))
    sys.stdout.write(json.dumps({"rows": outcome.rows if outcome else 0}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
