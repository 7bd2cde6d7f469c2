"""python -m jobs.beam_features: landed files read by many machines, for a training that is one's.

Reading is most of what a training costs. Each file that landed becomes a shard (jobs.tickets.shard)
by whichever worker takes it; the next `python -m jobs train` takes the shards that it finds and
reads the other files itself, so the model has the same digest with any of them or none. A shard is
created once and named by what it is made of, so a bundle that is tried again doubles nothing.

    python -m jobs.beam_features [options of the runner]
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from functools import partial

import apache_beam as beam

from jobs.beam_files import Landed, Make, landing_of, opened_at
from jobs.beam_steps import runner_options
from jobs.console import finished, job_log
from jobs.feature_shards import ShardNames
from jobs.protocol.snapshots import list_landing
from jobs.tickets.mapping import is_mapping, read_mappings
from jobs.tickets.rules import Rules, rules_of
from urgency.logs import Log
from urgency.settings import Settings, read_settings
from urgency.store import CloudBucket

NEEDED = ("project", "landing_bucket")


def wanted(landing: CloudBucket, rules: Rules) -> list[Landed]:
    """Every landed file of tickets that has no shard."""
    names = ShardNames()
    there = {one.name for one in landing.list(names.folder)}
    files = list_landing(landing)
    answers = [file for file in files if is_mapping(file.name)]
    mappings = read_mappings(answers, partial(opened_at, landing))
    tickets = [file for file in files if not is_mapping(file.name)]
    landed = [Landed(file, mappings.rules_for(file.name, rules)) for file in tickets]
    return [one for one in landed if names.of(*one) not in there]


def run(settings: Settings, others: list[str], log: Log) -> int:
    """Make the shards that are missing. Raises UrgencyError."""
    landed = wanted(landing_of(settings), rules_of(settings))
    if landed:
        pipeline = beam.Pipeline(options=runner_options(others))
        (
            pipeline
            | "files" >> beam.Create(landed)
            | "spread" >> beam.Reshuffle()
            | "make" >> beam.ParDo(Make(settings))
        )
        pipeline.run().wait_until_finish()
    log.info("shards_made", files=len(landed))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0: done, 1: temporary, the same command goes on, 2: settings."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.beam_features",
        allow_abbrev=False,  # all options are the runner's
        description="Read landed files with a Beam pipeline. All options are those of the runner.",
    )
    _, others = parser.parse_known_args(arguments)
    log = job_log(f"beam-{socket.gethostname()}")
    return finished(lambda log: run(read_settings(os.environ, *NEEDED), others, log), log)


if __name__ == "__main__":
    sys.exit(main())
