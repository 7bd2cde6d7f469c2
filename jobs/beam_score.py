"""python -m jobs.beam_score: an archive scored by a Beam pipeline, on Dataflow or on this machine.

It is the run that `python -m jobs score` makes in tasks, with the same plan, shards and parts: its
output has the same bytes, either goes on where the other was cut off, and a bundle that a runner
tries again doubles nothing. A runner shares the work out by itself, so a shard is all that is one
worker's at a time: each file is looked at once for all workers, not once by each.

    python -m jobs.beam_score --from PLACE --to PLACE [--format ...] [options of the runner]
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from itertools import groupby
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from jobs.beam_shards import Link, Look, Score, Walk, Work
from jobs.beam_steps import runner_options
from jobs.console import finished, job_log
from jobs.scoring.command import NEEDED, add_request, request_of
from jobs.scoring.manifest import Outcome, finish, read_manifest
from jobs.scoring.plan import Plan
from urgency.logs import Log
from urgency.settings import read_settings


def scored(pipeline: Any, plan: Plan, work: Work) -> Any:
    """The steps over a run's shards: the places of those that are written."""
    files = [tuple(shards) for _, shards in groupby(plan.shards(), key=lambda shard: shard.file)]
    return (
        pipeline
        | "files" >> beam.Create(files)
        | "look" >> beam.ParDo(Look(work))
        | "spread shards" >> beam.Reshuffle()
        | "link" >> beam.ParDo(Link(work))
        | "of each file" >> beam.GroupByKey()
        | "walk" >> beam.ParDo(Walk(work))
        | "spread again" >> beam.Reshuffle()
        | "score" >> beam.ParDo(Score(work))
    )


def run(work: Work, options: PipelineOptions) -> Outcome | None:
    """Score what is not scored yet; what the manifest says. Raises UrgencyError."""
    job = work.job()
    places = job.open(work.request, work.target)
    outcome = read_manifest(places.plan, places.output)
    if outcome is None:
        pipeline = beam.Pipeline(options=options)
        scored(pipeline, places.plan, work)
        pipeline.run().wait_until_finish()
        outcome = finish(places.plan, places.output, time.sleep)
    if outcome:
        job.tell(outcome)
    return outcome


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0: done, 1: temporary, the same command goes on, 2: settings, or an unread file."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.beam_score",
        allow_abbrev=False,  # the others are the runner's
        description="Score an archive with a Beam pipeline. Other options are those of the runner.",
    )
    add_request(parser)
    options, others = parser.parse_known_args(arguments)
    execution = f"beam-{socket.gethostname()}"

    def score(_log: Log) -> int:
        settings = read_settings(os.environ, *NEEDED)
        work = Work(settings, request_of(options), options.target, execution)
        outcome = run(work, runner_options(others))
        return 1 if outcome is None else 2 if outcome.refused else 0

    return finished(score, job_log(execution))


if __name__ == "__main__":
    sys.exit(main())
