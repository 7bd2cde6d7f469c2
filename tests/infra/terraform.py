"""Terraform on a copy of this checkout: checks everywhere, an apply only into a simulated project.

A simulated project is one whose providers are served by another program, which Terraform learns
from TF_REATTACH_PROVIDERS. Without it nothing here runs a verb that reads or changes a project.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.wiring.mocked import STAND_INS, NoProviders, copy_of_checkout, run, stand_ins
from tests.infra.committed import ENVIRONMENTS
from tests.infra.terraform_steps import ELSEWHERE, REPLACED, Step, as_json, circle, neighbours
from tests.support.service.service_process import CHECKOUT

HARMLESS = ("fmt", "init", "validate", "test", "version")
STUBBORN = "OFFLINE_STRICT"
"""Tells stand-ins to be as slow and as stubborn as Google says it is (CONTRIBUTING.md)."""

KEPT = ("protect", *ELSEWHERE)
CHANGED = {
    "everything": {"protect": False, "alert_emails": []},
    "as-it-comes": {
        **{name: value for name, value in ENVIRONMENTS["everything"].items() if name not in KEPT},
        "audit_writes": False,
        "train_tickets": 2_000_000,
        "score_tasks": 8,
    },
}
"""What is changed before the destroy: what may be, in an installation that nothing protects."""

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
    """The `terraform` of this machine, in `folder`, a copy of infra/."""

    folder: Path

    def say(self, verb: str, *arguments: str) -> Said:
        """Run a verb that touches no project. Raises RealProject for any other."""
        if verb not in HARMLESS:
            raise RealProject(f"terraform {verb} reads or changes a project")
        if verb == "test":
            refuse_unmocked(self.folder)
        return self._run("terraform", verb, *arguments, "-no-color")

    def play(self, steps: list[Step]) -> dict[str, Any]:
        """Take the steps in a project that is as slow and as stubborn as Google's.

        Returns what tests/infra/terraform_script.py writes.
        """
        script, result = (self.folder.parent / f"{name}.json" for name in ("script", "result"))
        script.write_text(as_json(steps))
        program = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m")
        ended = self._run(*program, "tests.infra.terraform_script", str(script), str(result))
        assert ended.code == 0, ended.text
        said: dict[str, Any] = json.loads(result.read_text())
        return said

    def _run(self, *command: str) -> Said:
        ended = run(["env", f"{STUBBORN}=1", *stand_ins(), *command], self.folder)
        return Said(ended.returncode, ended.stdout + ended.stderr)


def simulated(environ: Mapping[str, str]) -> bool:
    """Whether stand-ins are served for every provider that could reach Google Cloud."""
    served = json.loads(environ.get("TF_REATTACH_PROVIDERS") or "{}")
    named = {f"registry.terraform.io/hashicorp/{name}" for name in ("google", "google-beta")}
    return named <= set(served)


def terraform(folder: Path) -> Terraform:
    """Terraform for a copied infra/. Raises NoProviders where none is installed."""
    if not shutil.which("terraform"):
        raise NoProviders("Terraform is not installed")
    return Terraform(folder)


def simulated_circle(folder: Path, environment: str, override: str = "") -> dict[str, Any]:
    """The circle of one of ENVIRONMENTS in a new `folder`; `override` is merged into resources.

    Raises NoProviders where no project is simulated.
    """
    refuse_unsimulated()
    here = terraform(copy_of_checkout(folder))
    (here.folder / "simulated_override.tf").write_text(override)
    variables = ENVIRONMENTS[environment]
    last = {**variables, **CHANGED[environment]}
    return here.play(circle(here.folder, variables, last, REPLACED[environment]))


def simulated_neighbours(folder: Path, variables: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Two installations with `variables` in one project. Raises NoProviders as above."""
    refuse_unsimulated()
    ours, theirs = (terraform(copy_of_checkout(folder / name)) for name in ("ours", "theirs"))
    return ours.play(neighbours(ours.folder, theirs.folder, variables, prefix))


def refuse_unsimulated() -> None:
    """Raise NoProviders where no project is simulated."""
    if not stand_ins() and not simulated(os.environ):
        raise NoProviders(f"no simulated project: neither {STAND_INS} nor TF_REATTACH_PROVIDERS")


def once(shared: Path, environment: str) -> dict[str, Any]:
    """The same, run by the process of a test session that comes first; all of them see `shared`."""
    result = shared / f"{environment}.json"
    with (shared / f"{environment}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            made = simulated_circle(Path(tempfile.mkdtemp(dir=shared)), environment)
            result.write_text(json.dumps(made))
    circle: dict[str, Any] = json.loads(result.read_text())
    return circle


def refuse_unmocked(folder: Path) -> None:
    """Raise RealProject when a test file leaves one of the configuration's providers real."""
    text = "".join(file.read_text() for file in folder.glob("*.tf"))
    used = {("google", ""), ("google-beta", ""), *PROVIDER_BLOCK.findall(text)}
    for file in folder.glob("**/*.tftest.hcl"):
        if real := used - set(MOCK_BLOCK.findall(file.read_text())):
            raise RealProject(f"{file.name} does not mock {sorted(real)}")
