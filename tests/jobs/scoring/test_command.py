"""What the command's arguments and environment mean, and what it refuses."""

from __future__ import annotations

import argparse
import json
import os

import pytest

from jobs.__main__ import main
from jobs.scoring.command import add_score, request_of, task_of
from jobs.scoring.plan import ALIGNED
from urgency.errors import SettingsError


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_score(parser.add_subparsers())
    return parser.parse_args(["score", "--from", "a", "--to", "b", *words])


def test_by_default_it_is_the_champion_csv_and_no_reasons() -> None:
    request = request_of(parsed())
    assert (request.version, request.format, request.reasons, request.gzip) == (0, "csv", 0, False)


@pytest.mark.parametrize("megabytes", ["0", "0.000001", "0.3333333", "7"])
def test_a_shard_begins_where_no_encoding_has_half_a_character(megabytes: str) -> None:
    size = request_of(parsed("--shard-mb", megabytes)).shard_bytes
    assert size > 0
    assert size % ALIGNED == 0


@pytest.mark.parametrize(
    ("index", "count"), [("-1", "2"), ("2", "2"), ("x", "2"), ("0", "0"), ("0", "")]
)
def test_a_task_that_cannot_be_is_refused(index: str, count: str) -> None:
    with pytest.raises(SettingsError, match="CLOUD_RUN_TASK_INDEX"):
        task_of({"CLOUD_RUN_TASK_INDEX": index, "CLOUD_RUN_TASK_COUNT": count})


def test_without_cloud_run_there_is_one_task() -> None:
    assert task_of({}) == (0, 1)
    assert task_of({"CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_COUNT": "4"}) == (3, 4)


def test_a_missing_setting_ends_it_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("URGENCY_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    assert main(["score", "--from", "a", "--to", "b"]) == 2
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["reason"].startswith("URGENCY_PROJECT is not set: ")
