"""A run's exit code says whose fault it was, and a person who watches reads sentences."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.console import SENTENCES, sentence
from tests.support.cloud.whole_cloud import cloud
from tests.support.job.job_process import job_environment, train

CHECKOUT = Path(__file__).parents[2]


def last_line(ended: subprocess.CompletedProcess[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(ended.stderr.splitlines()[-1])
    return line


def test_a_missing_setting_is_the_callers_fault() -> None:
    ended = train({"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)})
    assert ended.returncode == 2
    assert last_line(ended)["reason"] == "URGENCY_PROJECT is not set: Google Cloud project id."


def test_an_empty_bucket_is_reconciled_and_says_so(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        ended = train(job_environment(place))
    assert ended.returncode == 0
    assert [json.loads(line)["message"] for line in ended.stderr.splitlines()] == [
        "nothing_landed",
        "reconciled",
    ]


def test_storage_that_does_not_answer_is_the_worlds_fault(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        environment = job_environment(place)
        ended = train(environment | {"URGENCY_STORAGE_ENDPOINT": f"{place.url}/nowhere"})
    assert ended.returncode == 1
    assert last_line(ended)["message"] == "run_failed"


def test_a_crash_point_is_refused_outside_the_local_stack(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        environment = job_environment(place)
    elsewhere = environment | {
        "URGENCY_CRASH_AT": "read",
        "URGENCY_STORAGE_ENDPOINT": "https://storage.example",
    }
    ended = train(elsewhere)
    assert ended.returncode == 2
    assert "refused outside the local stack" in str(last_line(ended)["reason"])


def test_who_watches_reads_a_sentence_and_gets_the_cursor_back(tmp_path: Path) -> None:
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
    ended = subprocess.run(
        [sys.executable, "-m", "jobs", "train", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--dry-run" in ended.stdout
    assert "safe" in ended.stdout


def test_nothing_to_do_imports_neither_pandas_nor_scikit_learn(tmp_path: Path) -> None:
    script = "import sys, jobs.__main__ as m; m.main(['train']); print(*sys.modules)"
    with cloud(tmp_path) as place:
        environment = job_environment(place)
        ended = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    assert not {"pandas", "sklearn", "scipy", "mlflow"} & set(ended.stdout.split())


@pytest.mark.parametrize("event", SENTENCES)
def test_every_event_with_a_sentence_is_told_with_its_fields(event: str) -> None:
    fields = {
        "n": 3,
        "files": 2,
        "file": "incoming/a.csv",
        "accepted": 5,
        "records": 6,
        "rows": 7,
        "version": 3,
    }
    more = {
        "decision": "HOLD",
        "reasons": "Too few.",
        "verdict": "HOLD",
        "epoch": 4,
        "duration_s": 1.5,
        "c": 2.0,
    }
    told = sentence(event, fields | more)
    assert told[0].isupper()
    assert told.endswith((".", ")"))
    assert "{" not in told


def test_an_event_without_a_sentence_is_told_by_name_and_fields() -> None:
    assert (
        sentence("lease_not_freed", {"execution": "x", "reason": "gone"})
        == "lease not freed: reason gone"
    )
