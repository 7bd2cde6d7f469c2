"""The version stands in one place, and the changelog and the tags agree with it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
VERSION = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
HEADINGS = re.findall(r"^## (.+)$", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
RELEASE = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)")


def git(*arguments: str) -> list[str]:
    if not (CHECKOUT / ".git").exists():
        pytest.skip("skipped: these files are not a git checkout")
    command = ["git", *arguments]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return run.stdout.split()


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_the_newest_version_of_the_changelog_is_the_projects() -> None:
    releases = HEADINGS[1:] if HEADINGS[0] == "[Unreleased]" else HEADINGS
    newest = RELEASE.fullmatch(releases[0])
    assert newest, releases[0]
    assert newest[1] == VERSION


def test_the_changelogs_versions_are_dated_and_newest_first() -> None:
    found = [RELEASE.fullmatch(heading) for heading in HEADINGS if heading != "[Unreleased]"]
    assert all(found), HEADINGS
    releases = [(numbers(one[1]), date.fromisoformat(one[2])) for one in found if one]
    assert releases == sorted(releases, reverse=True)
    assert HEADINGS.count("[Unreleased]") <= 1


def test_the_lock_file_and_the_environment_have_the_projects_version() -> None:
    packages = tomllib.loads((CHECKOUT / "uv.lock").read_text())["package"]
    locked = [package["version"] for package in packages if package["name"] == "ticket-urgency"]
    assert locked == [VERSION], "run 'make lock'"
    assert version("ticket-urgency") == VERSION, "run 'make .venv/dev'"


def test_no_source_file_repeats_the_version() -> None:
    sources = git("ls-files", "*.py", "*.tf", "*.yaml", "*.yml", "*Dockerfile", "Makefile")
    ours = [name for name in sources if not name.startswith("tests/")]
    quoted = re.compile(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])")
    existing = [CHECKOUT / name for name in ours if (CHECKOUT / name).exists()]
    assert not [file for file in existing if quoted.search(file.read_text())]


def test_a_tag_on_this_commit_is_its_version() -> None:
    tags = [tag for tag in git("tag", "--points-at", "HEAD") if re.fullmatch(r"v\d.*", tag)]
    assert tags in ([], [f"v{VERSION}"])
