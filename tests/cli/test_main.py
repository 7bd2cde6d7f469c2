"""The command itself: help, exit codes, and how fast it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.__main__ import VERBS, main

HEAVY = {
    "google.auth",
    "google.cloud.storage",
    "numpy",
    "pandas",
    "sklearn",
    "mlflow",
    "requests",
    "flask",
}


def test_every_verb_of_the_design_is_there_and_its_help_shows_an_example() -> None:
    verbs = {verb.__name__: verb.__doc__ or "" for group in VERBS.values() for verb in group}
    wanted = (
        "up down status drop train predict models why promote rollback resume replay doctor"
        " receipts mlflow demo"
    )
    assert set(wanted.split()) <= verbs.keys()
    assert [name for name, text in verbs.items() if f"urgency {name}" not in text] == []


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from cli.__main__ import app; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(printed.stdout.split()) == set()


def test_without_a_stack_a_verb_says_how_to_start_one_and_exits_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _run(["status"], {"URGENCY_HOME": str(tmp_path)}, monkeypatch, capsys)
    assert code == 2
    assert "urgency up" in said
    assert said.count("\n") == 1


def test_half_a_project_names_the_setting_that_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _run(["models"], {"URGENCY_PROJECT": "some-project"}, monkeypatch, capsys)
    assert (code, said) == (2, "URGENCY_REGION is not set: region of job, functions and service.\n")


def test_the_demo_never_plays_in_a_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _run(["demo"], {"URGENCY_PROJECT": "some-project"}, monkeypatch, capsys)
    assert code == 2
    assert "unset" in said


def test_a_file_that_is_no_csv_is_refused_without_asking_anybody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _run(["drop", "notes.txt"], {}, monkeypatch, capsys)
    assert code == 2
    assert "does not end in .csv" in said


def _run(
    arguments: list[str],
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[object, str]:
    """Exit code and standard error of one verb."""
    for name in list(os.environ):
        if name.startswith("URGENCY_") or name == "GOOGLE_CLOUD_PROJECT":
            monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["urgency", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().err
