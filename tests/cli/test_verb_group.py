"""The verbs as help lists them, and as they are loaded."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from cli.verb_group import PANELS, VERBS, load_verb, verb_help

NAMES = [name for names in PANELS.values() for name in names]
DESIGNED = {
    *("up", "down", "demo", "status", "drop", "train", "predict", "models", "why", "promote"),
    *(
        "rollback",
        "resume",
        "replay",
        "doctor",
        "receipts",
        "ls",
        "rm",
        "mlflow",
        "dead-letters",
        "logs",
        "card",
        "compare",
    ),
}
HEAVY = {
    *("google.auth", "google.cloud.storage", "google.cloud.run_v2", "google.pubsub_v1", "grpc"),
    *("requests", "urllib3", "numpy", "pandas", "sklearn", "mlflow", "flask", "cryptography"),
}
RUN = """
import json, sys
sys.argv = ["urgency", *sys.argv[1:]]
from cli.__main__ import main
try:
    main()
except SystemExit as ended:
    print(json.dumps({"code": ended.code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def test_every_verb_of_the_design_is_in_one_panel_and_every_file_is_a_verb() -> None:
    files = {file.stem.replace("_", "-") for file in VERBS.glob("[a-z]*.py")}
    assert sorted(NAMES) == sorted(files)
    assert set(NAMES) >= DESIGNED


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_verb_begins_with_a_sentence_and_shows_an_example(name: str) -> None:
    first, *rest = verb_help(name).split("\n\n")
    assert first.endswith(".")
    assert f"urgency {name}" in rest[-1]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_list_says_is_what_the_verbs_own_help_says(name: str) -> None:
    assert load_verb(name).help == verb_help(name)


def test_help_and_version_import_no_verb_and_nothing_heavy() -> None:
    for option in ("--help", "--version"):
        ended = _run(option)
        assert ended.code == 0
        assert HEAVY & ended.modules == set()
        assert [module for module in ended.modules if module.startswith("cli.verbs.")] == []


def test_a_verb_imports_no_other_verb_and_no_client_that_only_others_need() -> None:
    modules = _run("models", "--help").modules
    assert [name for name in NAMES if f"cli.verbs.{name}" in modules] == ["models"]
    assert {"google.cloud.run_v2", "google.pubsub_v1", "pandas", "flask"} & modules == set()


def test_help_has_the_panels_and_every_verb() -> None:
    printed = _run("--help").printed
    for panel, names in PANELS.items():
        assert panel in printed
        assert [name for name in names if f"│ {name} " not in printed] == []
    assert "Drop files of labelled tickets" in printed


def test_a_misspelt_verb_is_corrected() -> None:
    ended = _run("modles")
    assert ended.code == 2
    assert "Did you mean 'models'" in ended.errors


def test_imports_stand_at_the_top_but_for_measured_ones() -> None:
    measured = {
        *("google.cloud", "google.auth", "google.pubsub_v1"),
        *("cli.local_job", "cli.landed_tickets"),
    }
    late = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for file in VERBS.parent.rglob("*.py")
        if file.stem != "mlflow"
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert late == measured


@dataclass(frozen=True)
class Ended:
    """How a command ended, and which modules were loaded then."""

    code: int
    printed: str
    errors: str
    modules: set[str]


def _run(*arguments: str) -> Ended:
    command = [sys.executable, "-c", RUN, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    errors, _, end = ran.stderr.rstrip("\n").rpartition("\n")
    seen = json.loads(end)
    return Ended(seen["code"], ran.stdout, errors, set(seen["modules"]))
