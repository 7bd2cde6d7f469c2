"""Generated files are not stale, links lead somewhere, and pages name no machine."""

from __future__ import annotations

import ast
import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from cli.settings_page import settings_page
from tests.support.tools import uv

CHECKOUT = Path(__file__).parents[1]
OURSELVES = "tests/test_repository.py"
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def readme_commands() -> list[str]:
    blocks = SHELL_BLOCK.findall((CHECKOUT / "README.md").read_text())
    return [line for block in blocks for line in block.splitlines() if line]


def test_the_page_of_settings_is_that_of_the_code() -> None:
    assert (CHECKOUT / "docs/settings.md").read_text() == settings_page(), "run 'make docs'"


@pytest.mark.parametrize("part", ["functions", "jobs", "service", "infra/beam", "infra/mlflow"])
def test_hashed_requirements_are_those_of_the_lock_file(part: str) -> None:
    options = ["--quiet", "--frozen", "--offline", "--no-emit-project", "--no-dev", "--no-header"]
    command = [uv(), "export", *options, "--extra", Path(part).name]
    made = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert (CHECKOUT / part / "requirements.txt").read_text() == made.stdout, "run 'make lock'"


def test_the_readme_is_short_and_its_two_commands_are_the_makefiles() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    assert readme.count("\n") < 200
    made = [command for command in readme_commands() if command.startswith("make")]
    assert made == ["make demo", "make test"]
    assert "make test" in (CHECKOUT / ".ci/run").read_text()


def test_links_between_pages_lead_somewhere() -> None:
    pages = (CHECKOUT.glob(pattern) for pattern in ("*.md", "docs/**/*.md", "data/*.md"))
    for page in chain.from_iterable(pages):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_no_page_of_fixes_or_debugging_and_no_path_of_a_machine() -> None:
    listing = ["git", "ls-files"]
    listed = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    tracked = [CHECKOUT / name for name in listed.stdout.splitlines()]
    assert not [file for file in tracked if re.match(r"(FIX|DEBUG)_", file.name)]
    homes = re.compile(r"/(home|root|Users)/\w")
    kinds = {".md", ".py", ".json", ".toml", ".tf"}
    pages = [file for file in tracked if file.suffix in kinds and file != Path(__file__).resolve()]
    assert not [page for page in pages if page.exists() and homes.search(page.read_text())]


def test_nothing_but_the_gate_knows_a_folder_beside_the_checkout() -> None:
    beside = r"\.\./shared|/ *[\"']shared[\"']|[\"']shared/"
    command = ["git", "grep", "-nE", beside, "--", ".", ":!.ci/run", f":!{OURSELVES}"]
    found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, ""), found.stdout + found.stderr


def test_no_function_is_longer_than_thirty_lines() -> None:
    parts = ("bench", "cli", "data", "functions", "infra", "jobs", "service", "urgency")
    files = [file for part in parts for file in (CHECKOUT / part).rglob("*.py")]
    functions = [
        (file.name, node.name, (node.end_lineno or 0) - node.lineno + 1)
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 500
    assert [found for found in functions if found[2] > 30] == []
