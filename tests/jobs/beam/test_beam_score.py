"""A Beam pipeline scores an archive as the tasks of the job do, byte for byte."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import pytest

from data.generator.csv_text import to_csv
from data.generator.tickets import Recipe, Row, make_rows
from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import cloud
from tests.support.job.archives import csv_text
from tests.support.job.beam_process import ASKED_FOR, INSTALLED, run_pipeline
from tests.support.job.csv_files import xlsx_bytes
from tests.support.job.scoring_process import ScoringJob, bucket_of, put_champion
from urgency.store import ABSENT

pytestmark = [ASKED_FOR, INSTALLED, pytest.mark.timeout(600)]
SHARD_MB = 0.01
OPTIONS = """
import argparse
from apache_beam.options.pipeline_options import PipelineOptions
for group in PipelineOptions.__subclasses__():
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    group._add_argparse_args(parser)
    print(*parser._option_string_actions)
"""
FILES = {
    "in/2024/q1.csv": csv_text(400, 1, bad=0.05).encode(),
    "in/2024/q2.csv": csv_text(300, 2, separator=";").encode("utf-16"),
    "in/old.jsonl": "\n".join(json.dumps({"title": f"No {n}"}) for n in range(900)).encode(),
    "in/packed.csv.gz": gzip.compress(csv_text(200, 3).encode()),
    "in/sheet.xlsx": xlsx_bytes([["title", "priority"], ["Production down", "high"]]),
    "in/unread.csv": b"a,b\n1,2\n",
}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringJob]:
    """The scoring job over every kind of file, one that nobody can read among them."""
    with cloud(tmp_path_factory.mktemp("cloud")) as place:
        put_champion(place)
        found = ScoringJob(place, "in", SHARD_MB)
        for name, body in FILES.items():
            bucket_of(place, "operator", "archive").put(name, body, ABSENT)
        assert found.run("scored/tasks/", [0]) == [2]
        yield found


def children_cpu_s() -> float:
    """Processor seconds of processes that this one started and that ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def piped(job: ScoringJob, target: str, *options: str) -> tuple[int, str]:
    """Exit code and log of the pipeline."""
    places = ["--from", job.url("in"), "--to", job.url(target), "--shard-mb", str(SHARD_MB)]
    ended = run_pipeline(job.place, ["-m", "jobs.beam_score", *places, *options], "score")
    return ended.returncode, ended.stderr


def same(output: dict[str, bytes]) -> dict[str, bytes]:
    """An output without the name of who made it."""
    manifest = json.loads(output["manifest.json"])
    del manifest["execution"]
    return output | {"manifest.json": json.dumps(manifest).encode()}


def test_the_pipeline_writes_the_bytes_of_the_job(job: ScoringJob) -> None:
    code, log = piped(job, "scored/beam/")
    assert code == 2, log
    assert "unread.csv, line 1" in log
    output = job.output("scored/beam/")
    assert len(output) > 20
    assert same(output) == same(job.output("scored/tasks/"))


def test_worker_processes_share_the_work_and_go_on_where_a_task_was_cut_off(
    job: ScoringJob,
) -> None:
    assert job.attempt("scored/both/", dies_after=2) == -9
    workers = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
    code, log = piped(job, "scored/both/", *workers)
    assert code == 2, log
    assert same(job.output("scored/both/")) == same(job.output("scored/tasks/"))


def test_a_refused_request_is_one_sentence(job: ScoringJob) -> None:
    code, log = piped(job, "in/inside/")
    assert code == 2
    assert "scores would be scored the next time" in log
    assert "Traceback" not in log


def test_an_error_of_a_step_does_not_quote_what_was_read(job: ScoringJob, tmp_path: Path) -> None:
    broken = (
        "import sys, jobs.beam_score\n"
        "from jobs.scoring.task import Task\n"
        "def score(*_, **__): raise ValueError('Production down')\n"
        "Task.score = score\n"
        "sys.exit(jobs.beam_score.main(sys.argv[1:]))\n"
    )
    (tmp_path / "broken.py").write_text(broken)
    places = ["--from", job.url("in"), "--to", job.url("scored/broken/")]
    ended = run_pipeline(job.place, [str(tmp_path / "broken.py"), *places], "score")
    assert ended.returncode == 1
    assert "ValueError at" in ended.stderr
    assert "Production down" not in ended.stderr + ended.stdout


def test_every_option_of_the_pages_commands_is_one(job: ScoringJob) -> None:
    page = (CHECKOUT / "docs/scale.md").read_text()
    commands = re.findall(r"-m jobs\.beam_\w+ (?:.*\\\n)*.*", page)
    used = set(re.findall(r"(?<= )--\w+", " ".join(commands)))
    assert {"--from", "--runner", "--sdk_container_image", "--direct_num_workers"} <= used
    listed = run_pipeline(job.place, ["-c", OPTIONS], "score").stdout.split()
    assert used - set(listed) == {"--from", "--to"}


@pytest.mark.skipif("URGENCY_PROVE" not in os.environ, reason="a long one: URGENCY_PROVE=1")
def test_a_pipeline_costs_what_a_task_does_and_its_start(
    job: ScoringJob, record_property: Callable[[str, str], None]
) -> None:
    rows = 200_000
    recipe = Recipe(rows=rows, seed=5, start=date(2025, 1, 1), days=90)
    many = replace(job, source="many.csv", shard_mb=8.0)
    many.put(to_csv(Row._fields, make_rows(recipe)))
    began = children_cpu_s()
    assert many.run("scored/many/", [0]) == [0]
    scored = children_cpu_s()
    places = ["--from", job.url("many.csv"), "--to", job.url("scored/piped/"), "--shard-mb", "8"]
    ended = run_pipeline(job.place, ["-m", "jobs.beam_score", *places], "score")
    assert ended.returncode == 0, ended.stderr
    task_s, pipeline_s = scored - began, children_cpu_s() - scored
    told = f"{rows:,} tickets: a task {task_s:.2f} CPU s, the pipeline {pipeline_s:.2f}"
    record_property("figure", told)
    assert pipeline_s < 2 * task_s
