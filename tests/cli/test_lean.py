"""The extra `cli` alone: enough to operate a project in the cloud, and honest about the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import pytest

from cli.verb_group import PANELS
from infra.local.state import running_stack
from tests.support.cloud.live_stack import (
    CHECKOUT,
    CommandResult,
    live_stack,
    run,
    user_environment,
)
from tests.support.tools import uv

TICKETS = str(CHECKOUT / "data/tickets.csv")
NOT_NEEDED = {"pandas", "sklearn", "scipy", "mlflow", "flask", "uvicorn"}
NAMES = [name for names in PANELS.values() for name in names]
LOAD_ALL = """
import json
from cli.verb_group import PANELS, load_verb
missing = {}
for name in sum(PANELS.values(), ()):
    try:
        missing[name] = "" if load_verb(name).help else "no help"
    except ModuleNotFoundError as error:
        missing[name] = error.name
print(json.dumps(missing))
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lean:
    """An environment with the extra `cli` only."""

    folder: Path

    def urgency(self, *arguments: str, environ: dict[str, str]) -> CommandResult:
        return run([str(self.folder / "bin/urgency"), *arguments], environ)


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Lean:
    folder = tmp_path_factory.mktemp("lean") / "venv"
    command = [uv(), "sync", "--quiet", "--extra", "cli", "--no-dev", "--frozen"]
    command.append("--compile-bytecode")  # else every command compiles what it imports
    environ = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder), "UV_PYTHON": sys.executable}
    subprocess.run(command, cwd=CHECKOUT, env=environ, check=True, timeout=240)
    return Lean(folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings and identity of a project's operator; the project is a stack on this machine."""
    with live_stack(tmp_path_factory.mktemp("stack")) as live:
        stack = running_stack(live.home)
        assert stack is not None
        nowhere = str(live.home.root / "no stack here")
        yield (
            user_environment(Path(nowhere))
            | stack.operator
            | {"URGENCY_DEAD_LETTERS": "dead-letters"}
        )


def test_nothing_is_installed_that_a_clouds_operator_does_not_need(lean: Lean) -> None:
    (packages,) = lean.folder.glob("lib/python3*/site-packages")
    installed = [found.name for found in distributions(path=[str(packages)])]
    print(f"the extra cli: {len(installed)} packages")
    assert {found.name for found in packages.iterdir()} & NOT_NEEDED == set()


def test_every_verb_loads_but_those_that_train_or_read_here(lean: Lean, tmp_path: Path) -> None:
    loaded = run([str(lean.folder / "bin/python"), "-c", LOAD_ALL], user_environment(tmp_path))
    assert loaded.json == dict.fromkeys(NAMES, "") | {"replay": "scipy", "compare": "scipy"}


@pytest.mark.parametrize("verb", [["up"], ["up", "--foreground"], ["demo"]])
def test_the_stack_says_what_to_install(lean: Lean, verb: list[str], tmp_path: Path) -> None:
    assert _says_what_to_install(lean.urgency(*verb, environ=user_environment(tmp_path)))


@pytest.mark.parametrize("verb", [["replay", "1"], ["compare", "1", "2"], ["train", "--dry-run"]])
def test_training_here_says_what_to_install(
    lean: Lean, project: dict[str, str], verb: list[str]
) -> None:
    assert _says_what_to_install(lean.urgency(*verb, environ=project))


def test_mlflow_ends_with_one_sentence(lean: Lean, project: dict[str, str]) -> None:
    ended = lean.urgency("mlflow", environ=project)
    assert ended.code in (1, 2)
    assert ended.err.count("\n") == 1


def test_without_settings_it_says_how_to_name_a_project(lean: Lean, tmp_path: Path) -> None:
    ended = lean.urgency("status", environ=user_environment(tmp_path))
    assert ended.code == 2
    assert "URGENCY_PROJECT" in ended.err


def test_a_project_is_operated_from_the_first_drop_to_a_rollback(
    lean: Lean, project: dict[str, str]
) -> None:
    def urgency(*arguments: str, code: int = 0) -> CommandResult:
        ended = lean.urgency(*arguments, environ=project)
        assert ended.code == code, f"{arguments}: {ended.out}{ended.err}"
        return ended

    assert "PROMOTE" in urgency("drop", TICKETS, "--wait").out
    assert "All is well" in urgency("doctor").out
    status = urgency("status", "--json").json
    assert (status["release"]["champion"], status["dead_letters"]) == (1, 0)
    assert status["runs"]
    run = status["runs"][0]["name"]
    assert '"message": "model_committed"' not in urgency("logs", "--run", run).out
    assert "model_committed" in urgency("logs", "--run", run, "--version", "1").out
    assert urgency("dead-letters", "--replay", "--json").json == {"sent": [], "left": []}
    (prediction,) = urgency("predict", "Production is down", "--json").json["predictions"]
    assert prediction["label"] in ("urgent", "non-urgent", "review")
    assert [receipt["file"] for receipt in urgency("receipts", "--json").json] == [
        "incoming/tickets.csv"
    ]
    assert "tickets.csv" in urgency("receipts", "tickets.csv").out
    assert [model["version"] for model in urgency("models", "--json").json] == [1]
    assert "incoming/tickets.csv" in urgency("why", "1").out
    assert urgency("train", "--json").json["state"] == "running"
    assert "pinned" in urgency("rollback", "--to", "1", "--reason", "try it").out
    assert "Run " in urgency("resume").out
    assert "serves already" in urgency("promote", "1", "--reason", "again", code=2).err


def _says_what_to_install(ended: CommandResult) -> bool:
    """One sentence with the command, and exit code 2."""
    one_line = ended.err.count("\n") == 1
    return ended.code == 2 and one_line and "pip install '.[local]'" in ended.err
