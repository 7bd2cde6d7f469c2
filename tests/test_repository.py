"""What is written twice by a machine is not stale, and what the README shows is run."""

from __future__ import annotations

import re
import subprocess
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


@pytest.mark.parametrize("part", ["functions", "jobs", "service", "infra/mlflow"])
def test_hashed_requirements_are_those_of_the_lock_file(part: str) -> None:
    command = [uv(), "export", "--quiet", "--frozen", "--offline", "--extra", Path(part).name]
    options = ["--no-emit-project", "--no-dev", "--no-header"]
    made = subprocess.run(
        [*command, *options], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    assert (CHECKOUT / part / "requirements.txt").read_text() == made, "run 'make lock'"


def test_the_readme_is_short_and_its_two_commands_are_the_makefiles() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    assert readme.count("\n") < 200
    assert [command for command in readme_commands() if command.startswith("make")] == [
        "make demo",
        "make test",
    ]
    assert "make test" in (CHECKOUT / ".ci/run").read_text()


def test_links_between_pages_lead_somewhere() -> None:
    for page in [
        *CHECKOUT.glob("*.md"),
        *CHECKOUT.glob("docs/**/*.md"),
        *CHECKOUT.glob("data/*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_no_page_of_fixes_or_debugging_and_no_path_of_a_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not [name for name in tracked if re.match(r"(FIX|DEBUG)_", Path(name).name)]
    homes = re.compile(r"/(home|root|Users)/\w")
    pages = [
        name
        for name in tracked
        if name.endswith((".md", ".py", ".json", ".toml", ".tf"))
        and name != "tests/test_repository.py"
    ]
    assert not [
        name
        for name in pages
        if (CHECKOUT / name).exists() and homes.search((CHECKOUT / name).read_text())
    ]


def test_nothing_but_the_gate_knows_a_folder_beside_the_checkout() -> None:
    beside = r"\.\./shared|/ *[\"']shared[\"']|[\"']shared/"
    command = ["git", "grep", "-nE", beside, "--", ".", ":!.ci/run", f":!{OURSELVES}"]
    found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, ""), found.stdout + found.stderr
