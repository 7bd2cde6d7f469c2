"""The real Terraform keeps the state of each project in that project's bucket."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service.service_process import CHECKOUT
from tests.support.storage.store_worlds import fake_gcs, fake_gcs_binary

INFRA = CHECKOUT / "infra"
CONFIGURATION = """
variable "project_id" {}
variable "uploaders" {}
variable "operators" {}
variable "callers" {}
variable "protect" {}
variable "max_instances" {}
resource "terraform_data" "whose" {
  input = var.project_id
}
"""
"""Takes what the example of an environment sets, and needs no provider."""

MAKES_BUCKETS = """#!/bin/sh
url=http://127.0.0.1:{port}/storage/v1/b json='Content-Type: application/json'
case "$3" in
  describe) curl -sf "$url/${{4#gs://}}" ;;
  create) curl -sf -H "$json" -d "{{\\"name\\": \\"${{4#gs://}}\\"}}" "$url?project=$6" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A checkout with two environments, and the variables of its shell."""
    if not shutil.which("terraform") or fake_gcs_binary() is None or not shutil.which("curl"):
        pytest.skip("skipped: needs terraform, fake-gcs-server and curl")
    shutil.copytree(INFRA / "environments", tmp_path / "infra/environments")
    shutil.copy(INFRA / "backend.tf.example", tmp_path / "infra")
    (tmp_path / "infra/main.tf").write_text(CONFIGURATION)
    example = (INFRA / "environments/dev.tfvars.example").read_text()
    for project in ("helpdesk-dev", "helpdesk-prod"):
        settings = tmp_path / f"infra/environments/{project}.tfvars"
        settings.write_text(example.replace("YOUR-PROJECT", project))
    with fake_gcs() as port:
        gcloud = tmp_path / "bin/gcloud"
        gcloud.parent.mkdir()
        gcloud.write_text(MAKES_BUCKETS.format(port=port))
        gcloud.chmod(0o755)
        storage = f"http://127.0.0.1:{port}/storage/v1/"
        yield (
            tmp_path,
            {
                "PATH": f"{gcloud.parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "CHECKPOINT_DISABLE": "1",
                "GOOGLE_OAUTH_ACCESS_TOKEN": "nobodys",
                "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": storage,
                "STORAGE_EMULATOR_HOST": f"127.0.0.1:{port}",
            },
        )


def typed(checkout: tuple[Path, dict[str, str]], command: str) -> str:
    """What a command at the top of the checkout says."""
    folder, environment = checkout
    ended = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def whose(checkout: tuple[Path, dict[str, str]]) -> str:
    """The project of the state that Terraform is set up for."""
    state = json.loads(typed(checkout, "terraform -chdir=infra state pull"))
    [resource] = state["resources"]
    return str(resource["instances"][0]["attributes"]["output"]["value"])


def test_two_projects_have_two_states_and_changing_between_them_loses_neither(
    checkout: tuple[Path, dict[str, str]],
) -> None:
    for project in ("helpdesk-dev", "helpdesk-prod"):
        typed(checkout, f"sh infra/environments/use.sh {project}")
        apply = "terraform -chdir=infra apply -auto-approve -input=false -no-color"
        said = typed(checkout, f"{apply} -var-file=environments/{project}.tfvars")
        assert "1 added, 0 changed, 0 destroyed" in said
    assert whose(checkout) == "helpdesk-prod"
    typed(checkout, "sh infra/environments/use.sh helpdesk-dev")
    assert whose(checkout) == "helpdesk-dev"
    assert not (checkout[0] / "infra/terraform.tfstate").exists()
