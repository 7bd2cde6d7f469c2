"""The configuration, applied with mocked providers: `terraform test` prints the state.

Nothing is asked of Google: every provider is mocked, and what a provisioner would run is replaced.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
READ_BY_TERRAFORM: Final = ("infra", "functions", "jobs", "service", "urgency")
STAND_INS: Final = "TERRAFORM_STAND_INS"
"""Names a command that runs what follows it with stand-ins for the providers (CONTRIBUTING.md)."""

LESS_CPU: Final = {"GOGC": "800", "GOMAXPROCS": "1"}
"""Terraform's graphs are mostly garbage: collected less often it takes a third less, of 400 MB."""

PERSONAL: Final = re.compile(r"^(GOOGLE_|CLOUDSDK_|TF_VAR_|TF_CLI_ARGS|TF_WORKSPACE)")
NOT_COPIED: Final = ("__pycache__", ".terraform*", "*.tfstate*", "*.zip")
SOMEBODYS_OWN: Final = ("backend.tf", "terraform.tfvars*", "*.auto.tfvars*", "*override.tf")

Shown = dict[str, Any]

REQUIRED: Final = re.compile(r"^ +([\w-]+) += \{ source = ", re.M)
ALIAS: Final = re.compile(r'^provider "([\w-]+)" \{\s+alias += "(\w+)"', re.M)
PROVISIONED: Final = re.compile(
    r'^resource "(\w+)" "(\w+)" \{\n(?:(?!\}).*\n)*?  provisioner', re.M
)
RUNS_NOTHING: Final = """resource "{}" "{}" {{
  provisioner "local-exec" {{
    command = "exit 0"
  }}
}}
"""


class NoProviders(Exception):
    """Terraform or its providers are missing here; the message says what to do."""


class TerraformFailed(Exception):
    """Terraform refused; the message is its own."""


def stand_ins() -> list[str]:
    """What goes before a command that needs Terraform's providers; [] where nothing is named."""
    return shlex.split(os.environ.get(STAND_INS, ""))


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` without the variables and credentials that this shell has."""
    kept = {name: value for name, value in os.environ.items() if not PERSONAL.match(name)}
    kept = {**LESS_CPU, **kept}
    kept |= {"GOOGLE_APPLICATION_CREDENTIALS": os.devnull, "TF_IN_AUTOMATION": "1"}
    return subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False
    )


def copy_of_checkout(folder: Path) -> Path:
    """Copy what the configuration reads; returns the copied infra/."""
    ignored = shutil.ignore_patterns(*NOT_COPIED, *SOMEBODYS_OWN)
    for name in READ_BY_TERRAFORM:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    return folder / "infra"


def initialise(infra: Path) -> None:
    """`terraform init` in a copied infra/. Raises NoProviders."""
    if not shutil.which("terraform"):
        install = "https://developer.hashicorp.com/terraform/install"
        raise NoProviders(f"Terraform is not installed: {install}")
    command = [*stand_ins(), "terraform", "init", "-input=false", "-backend=false", "-no-color"]
    ended = run(command, infra)
    if ended.returncode:
        error = re.search(r"Error: (.+)", ended.stderr)
        reason = error[1] if error else ended.stderr[-200:]
        raise NoProviders(f"terraform init: {reason}; where no registry answers, set {STAND_INS}")


def mocked_apply(
    infra: Path, variables: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A plan and its apply in an initialised copy of infra/, as `terraform test` prints them.

    That is `test_plan` and `test_state`, with -json -verbose. Computed texts are random, other
    computed values 0, false or empty. Raises TerraformFailed.
    """
    text = "".join(file.read_text() for file in sorted(infra.glob("*.tf")))
    provisioned = [RUNS_NOTHING.format(*found) for found in PROVISIONED.findall(text)]
    (infra / "mocked_override.tf").write_text("\n".join(provisioned))
    test = {"mock_provider": _mocks(text), "variables": variables}
    test["run"] = {"planned": {"command": "plan"}, "applied": {"command": "apply"}}
    (infra / "mocked").mkdir(exist_ok=True)
    (infra / "mocked" / "applied.tftest.json").write_text(json.dumps(test))
    options = ("-test-directory=mocked", "-json", "-verbose")
    ended = run([*stand_ins(), "terraform", "test", *options], infra)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    if ended.returncode:
        errors = [line["@message"] for line in lines if line["@level"] == "error"]
        raise TerraformFailed("\n".join([*errors, ended.stderr]))
    [plan] = [line["test_plan"] for line in lines if line["type"] == "test_plan"]
    [state] = [line["test_state"] for line in lines if line["type"] == "test_state"]
    return plan, state


def _mocks(text: str) -> dict[str, list[dict[str, Any]]]:
    """A mock for every provider that the configuration names, aliases included."""
    aliases = ALIAS.findall(text)
    return {
        name: [{}, *({"alias": alias} for provider, alias in aliases if provider == name)]
        for name in REQUIRED.findall(text)
    }
