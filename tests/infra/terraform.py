"""Terraform on a copy of this checkout: checks everywhere, an apply only into a project that is
simulated.

A simulated project is one whose providers are served by somebody else, which Terraform learns from
TF_REATTACH_PROVIDERS. Without it nothing here runs a verb that reads or changes a project.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.wiring.applied import CHECKOUT, HELPER, READ_BY_TERRAFORM, NoProviders, simulated

HARMLESS = ("fmt", "init", "validate", "test", "version")
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*", "*.zip")
OURS = re.compile(r"^(GOOGLE_|CLOUDSDK_|TF_VAR_|TF_CLI_ARGS|TF_WORKSPACE)")
PROVIDER_BLOCK = re.compile(r'^provider "([\w-]+)" \{(?:\s*alias\s*=\s*"(\w+)")?', re.MULTILINE)
MOCK_BLOCK = re.compile(r'^mock_provider "([\w-]+)" \{(?:\s*alias\s*=\s*"(\w+)")?', re.MULTILINE)


class RealProject(Exception):
    """What was asked for could reach a project that is not simulated."""


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said on both streams."""

    code: int
    text: str


@dataclass(frozen=True)
class Terraform:
    """The `terraform` of this machine, in `folder`, a copy of infra/; `helper` makes it work
    without a network.
    """

    folder: Path
    helper: tuple[str, ...] = ()

    def say(self, verb: str, *arguments: str) -> Said:
        """Run a verb that touches no project. Raises RealProject for any other."""
        if verb not in HARMLESS:
            raise RealProject(f"terraform {verb} reads or changes a project")
        if verb == "test":
            refuse_unmocked(self.folder)
        return run([*self.helper, "terraform", verb, *arguments, "-no-color"], self.folder)

    def circle(
        self, variables: Mapping[str, Any], then: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Empty project, plan, apply, second plan, the state, destroy; `then` are variables that
        change before the end.

        Returns what tests/infra/terraform_circle.py writes.
        """
        result = self.folder.parent / "circle.json"
        for name, values in (("variables", variables), ("then", {**variables, **(then or {})})):
            (self.folder.parent / f"{name}.tfvars.json").write_text(json.dumps(values))
        program = [
            sys.executable,
            "-m",
            "tests.infra.terraform_circle",
            str(self.folder),
            str(result),
        ]
        ended = run([*self.helper, *program], self.folder)
        assert ended.code == 0, ended.text
        circle: dict[str, Any] = json.loads(result.read_text())
        return circle


def copy_of_checkout(folder: Path, source: Path = CHECKOUT) -> Path:
    """Copy what the configuration refers to; returns the copied infra/."""
    for name in READ_BY_TERRAFORM:
        shutil.copytree(source / name, folder / name, ignore=NOT_COPIED)
    return folder / "infra"


def terraform(folder: Path, *, helper: Path = HELPER) -> Terraform:
    """Terraform for a copied infra/. Raises NoProviders where none is installed."""
    if not shutil.which("terraform"):
        raise NoProviders("terraform is not installed")
    return Terraform(folder, (str(helper),) if helper.exists() else ())


def refuse_unmocked(folder: Path) -> None:
    """Raise RealProject when a test file leaves one of the configuration's providers real."""
    used = {("google", ""), ("google-beta", "")}
    used |= {
        found for file in folder.glob("*.tf") for found in PROVIDER_BLOCK.findall(file.read_text())
    }
    for file in folder.glob("**/*.tftest.hcl"):
        if real := used - set(MOCK_BLOCK.findall(file.read_text())):
            raise RealProject(f"{file.name} does not mock {sorted(real)}")


def run(command: list[str], folder: Path) -> Said:
    """Run a command in `folder`, where providers write too, with nobody's credentials whatever this
    shell has.
    """
    kept = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    environ = kept | {
        "PYTHONPATH": str(CHECKOUT),
        "GOOGLE_APPLICATION_CREDENTIALS": os.devnull,
        "TF_IN_AUTOMATION": "1",
    }
    ended = subprocess.run(
        command, env=environ, cwd=folder, capture_output=True, text=True, check=False
    )
    return Said(ended.returncode, ended.stdout + ended.stderr)


def once(
    shared: Path, name: str, variables: Mapping[str, Any], then: Mapping[str, Any]
) -> dict[str, Any]:
    """The circle with these variables, run by whichever process of a test session comes first.

    shared: a folder that all of them see.   Raises NoProviders where no project is simulated.
    """
    if not HELPER.exists() and not simulated(os.environ):
        raise NoProviders(
            "no simulated project: TF_REATTACH_PROVIDERS is not set, and a real one is never"
            " touched"
        )
    result = shared / f"{name}.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            copy = copy_of_checkout(Path(tempfile.mkdtemp(dir=shared)))
            result.write_text(json.dumps(terraform(copy).circle(variables, then)))
    circle: dict[str, Any] = json.loads(result.read_text())
    return circle
