"""A run's exit code says whether to try again: 1 temporary, 2 not before somebody acts."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.cloud.whole_cloud import cloud
from tests.support.job.job_process import job_environment, train
from tests.support.processor_time import least_of, seconds_of_command

CHECKOUT = Path(__file__).parents[2]


def last_line(ended: subprocess.CompletedProcess[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(ended.stderr.splitlines()[-1])
    return line


def test_a_missing_setting_is_refused() -> None:
    ended = train({"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)})
    assert ended.returncode == 2
    assert str(last_line(ended)["reason"]).startswith("URGENCY_PROJECT is not set: ")


def test_an_empty_bucket_is_reconciled_and_says_so(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        ended = train(job_environment(place))
    assert ended.returncode == 0
    events = [json.loads(line)["message"] for line in ended.stderr.splitlines()]
    assert events == ["nothing_landed", "reconciled"]


def test_storage_that_does_not_answer_is_temporary(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        environment = job_environment(place)
        ended = train(environment | {"URGENCY_STORAGE_ENDPOINT": f"{place.url}/nowhere"})
    assert ended.returncode == 1
    assert last_line(ended)["message"] == "run_failed"


def test_a_crash_point_is_refused_outside_the_local_stack(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        environment = job_environment(place)
    elsewhere = {"URGENCY_STORAGE_ENDPOINT": "https://storage.example"}
    ended = train(environment | elsewhere | {"URGENCY_CRASH_AT": "read"})
    assert ended.returncode == 2
    assert "refused outside the local stack" in str(last_line(ended)["reason"])


def test_a_person_who_watches_reads_a_sentence_and_gets_the_cursor_back(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "jobs", "train"]
        environment = job_environment(place) | {"TERM": "xterm", "COLUMNS": "120"}
        subprocess.run(command, env=environment, cwd=CHECKOUT, stderr=theirs, check=True)
        os.close(theirs)
        seen = os.read(ours, 65_536).decode()
        os.close(ours)
    assert "There is nothing in the landing bucket yet" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


def test_help_teaches() -> None:
    command = [sys.executable, "-m", "jobs", "train", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--dry-run" in ended.stdout
    assert "safe" in ended.stdout


IDLE_RUN = "import sys, jobs.__main__ as job; job.main(['train']); print(*sys.modules)"


def test_nothing_to_do_imports_neither_pandas_nor_scikit_learn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IDLE_RUN]
    with cloud(tmp_path) as place:
        environment = job_environment(place)
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert not {"pandas", "sklearn", "scipy", "mlflow"} & set(ended.stdout.split())


TRAINED = "import sys; from bench.ours import train; train('data/tickets_week2.csv')"


def test_a_training_goes_without_what_takes_most_memory() -> None:
    command = [sys.executable, "-c", f"{TRAINED}; print(*sys.modules)"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    modules = set(ended.stdout.split())
    assert "scipy" in modules
    assert not {"pandas", "pyarrow", "sklearn", "mlflow"} & modules


def test_nothing_to_do_costs_little_more_than_importing_the_storage_client(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with cloud(tmp_path) as place:
        environment = job_environment(place)

        def processor_time(*options: str) -> float:
            return seconds_of_command([sys.executable, *options], environment, CHECKOUT)

        idle_s, client_s = least_of(
            3,
            lambda: processor_time("-m", "jobs", "train"),
            lambda: processor_time("-c", "import google.cloud.storage"),
        )
    record_property("figure", f"idle run: {idle_s:.2f} s of CPU; its client: {client_s:.2f} s")
    assert idle_s < 3 * client_s
