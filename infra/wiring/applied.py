"""The configuration of this folder, applied to a simulated empty project: what Terraform then knows
of it.

Never to a real one: Terraform is only started where TF_REATTACH_PROVIDERS names stand-ins for the
providers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
HELPER: Final = CHECKOUT.parent / "shared" / "terraform" / "offline"
READ_BY_TERRAFORM: Final = ("infra", "functions", "jobs", "service", "urgency")
OPERATOR: Final = "user:operator@local-helpdesk.example"
UPLOADER: Final = "user:uploader@local-helpdesk.example"
CALLER: Final = "user:caller@local-helpdesk.example"
VARIABLES: Final = {
    "project_id": "local-helpdesk",
    "operators": [OPERATOR],
    "uploaders": [OPERATOR, UPLOADER],
    "callers": [OPERATOR, CALLER],
}
"""The laptop's project: one person who does everything, one who only uploads, one who only asks for
predictions.
"""

SCRIPT: Final = """set -e
: "${TF_REATTACH_PROVIDERS:?names no stand-ins}"
terraform init -input=false -no-color
terraform apply -auto-approve -input=false -no-color
terraform show -json >state.json
"""


class NoProviders(Exception):
    """Terraform or the stand-ins are missing here; the message says what and where they come from."""


class ApplyRefused(Exception):
    """The simulated project, or Terraform, refused; the message is the end of what Terraform said."""


def applied_state(folder: Path, override: str = "") -> dict[str, Any]:
    """`terraform show -json` after an apply of a copy in `folder`; `override` is merged into the
    resources it names.

    Raises NoProviders or ApplyRefused.
    """
    command = [*_helper(), "sh", "-c", SCRIPT]
    copy = _copied(folder, override)
    said = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    if said.returncode:
        raise ApplyRefused((said.stdout + said.stderr)[-2000:])
    state: dict[str, Any] = json.loads((copy / "state.json").read_text())
    return state


def simulated(environ: Mapping[str, str]) -> bool:
    """Whether stand-ins are served for every provider that could reach Google Cloud."""
    served = json.loads(environ.get("TF_REATTACH_PROVIDERS") or "{}")
    return {f"registry.terraform.io/hashicorp/{name}" for name in ("google", "google-beta")} <= set(
        served
    )


def _helper() -> list[str]:
    """What has to stand before a command so that Terraform has stand-ins there."""
    if not shutil.which("terraform"):
        raise NoProviders(
            "Terraform is not installed: https://developer.hashicorp.com/terraform/install"
        )
    if HELPER.exists():
        return [
            str(HELPER)
        ]  # also where stand-ins are served already: each apply finds a project that is empty
    if simulated(os.environ):
        return []
    raise NoProviders(
        "TF_REATTACH_PROVIDERS is not set: only stand-ins for the providers may be applied to from"
        " here."
    )


def _copied(folder: Path, override: str) -> Path:
    leave = shutil.ignore_patterns(".*", "__pycache__", "*.tfstate*", "local", "tests")
    for name in READ_BY_TERRAFORM:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=leave)
    (folder / "infra" / "simulated.auto.tfvars.json").write_text(json.dumps(VARIABLES))
    (folder / "infra" / "simulated_override.tf").write_text(override)
    return folder / "infra"
