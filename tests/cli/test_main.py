"""The command itself: version, exit codes and one sentence for each error."""

from __future__ import annotations

import io
import os
import tomllib
from pathlib import Path

import pytest

from cli import usage_error
from cli.__main__ import main
from tests.support.service.service_process import CHECKOUT


def test_the_version_is_the_projects(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["urgency", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert (ended.value.code, capsys.readouterr().out) == (0, f"{project['version']}\n")


def test_without_a_stack_a_verb_says_how_to_start_one_and_exits_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = _run(["status"], {"URGENCY_HOME": str(tmp_path)}, monkeypatch, capsys)
    assert code == 2
    assert "urgency up" in error
    assert error.count("\n") == 1


def test_half_a_project_names_the_setting_that_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = _run(["models"], {"URGENCY_PROJECT": "some-project"}, monkeypatch, capsys)
    expected = "URGENCY_REGION is not set: region of job, functions and service.\n"
    assert (code, error) == (2, expected)


def test_the_demo_never_runs_in_a_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = _run(["demo"], {"URGENCY_PROJECT": "some-project"}, monkeypatch, capsys)
    assert code == 2
    assert "unset" in error


def test_a_file_that_is_not_there_is_refused_without_asking_anybody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = _run(["drop", "notes.txt"], {}, monkeypatch, capsys)
    assert code == 2
    assert "There is no file notes.txt." in error


def test_nothing_is_deleted_where_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, error = _run(["rm", "a.csv"], {}, monkeypatch, capsys)
    assert code == 2
    assert "--yes" in error


def test_one_of_dry_run_and_force_is_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = _run(["train", "--dry-run", "--force"], {}, monkeypatch, capsys)
    assert code == 2
    assert "choose one" in error


def test_what_is_not_installed_is_named_with_the_command_that_installs_it() -> None:
    usage_error.require("json", "requests")
    with pytest.raises(usage_error.UsageError, match=r"no_such_package.*pip install '\.\[local\]'"):
        usage_error.require("json", "no_such_package")


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
