"""One project, one state, one file of settings: infra/environments/use.sh."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.service.service_process import CHECKOUT

INFRA = CHECKOUT / "infra"
PAGE = (CHECKOUT / "docs/deploy.md").read_text()
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = ["dev.tfvars.example", "prod.tfvars.example"]
NO_BUCKET = 'echo "$@" >> calls; [ "$3" != describe ]'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of infra/ with the settings of helpdesk-dev; programs only say what they do."""
    (tmp_path / "infra/environments").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    shutil.copy(INFRA / "backend.tf.example", tmp_path / "infra")
    shutil.copy(INFRA / "environments/use.sh", tmp_path / "infra/environments")
    example = (INFRA / "environments/dev.tfvars.example").read_text()
    settings = tmp_path / "infra/environments/helpdesk-dev.tfvars"
    settings.write_text(example.replace("YOUR-PROJECT", "helpdesk-dev"))
    program(tmp_path, "gcloud", NO_BUCKET)
    program(tmp_path, "terraform", 'echo "$@" >> calls')
    return tmp_path


def program(checkout: Path, name: str, line: str) -> None:
    (checkout / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
    (checkout / "bin" / name).chmod(0o755)


def use(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script, run as the page says; what it calls is in `calls`."""
    return shell(checkout, " ".join(["sh infra/environments/use.sh", *arguments]))


def shell(checkout: Path, commands: str) -> subprocess.CompletedProcess[str]:
    """What is typed at the top of the checkout."""
    return subprocess.run(
        ["sh", "-c", commands],
        cwd=checkout,
        env={"PATH": f"{checkout}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(checkout: Path) -> list[str]:
    file = checkout / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_the_state_lies_in_a_bucket_of_the_project(checkout: Path) -> None:
    ended = use(checkout, "helpdesk-dev", "europe-west1")
    assert ended.returncode == 0, ended.stderr
    _, create, update, init = calls(checkout)
    assert create.startswith("storage buckets create gs://helpdesk-dev-tfstate --project")
    assert "--location europe-west1" in create
    assert "--public-access-prevention" in create
    assert update == "storage buckets update gs://helpdesk-dev-tfstate --versioning"
    assert init.endswith("-reconfigure -backend-config=bucket=helpdesk-dev-tfstate")
    assert 'backend "gcs"' in (checkout / "infra/backend.tf").read_text()
    assert "-var-file=environments/helpdesk-dev.tfvars" in ended.stdout


def test_a_bucket_that_is_there_is_used(checkout: Path) -> None:
    program(checkout, "gcloud", 'echo "$@" >> calls')
    assert use(checkout, "helpdesk-dev").returncode == 0
    assert not [call for call in calls(checkout) if "create" in call]


def test_a_project_without_settings_is_refused_before_anything_is_made(checkout: Path) -> None:
    ended = use(checkout, "helpdesk-prod")
    assert ended.returncode == 1
    assert ended.stderr.startswith("There is no infra/environments/helpdesk-prod.tfvars: copy")
    assert calls(checkout) == []


def test_settings_of_another_project_are_refused(checkout: Path) -> None:
    folder = checkout / "infra/environments"
    shutil.copy(folder / "helpdesk-dev.tfvars", folder / "helpdesk-prod.tfvars")
    ended = use(checkout, "helpdesk-prod")
    assert ended.returncode == 1
    assert 'does not say project_id = "helpdesk-prod"' in ended.stderr
    assert calls(checkout) == []


def test_a_local_state_is_not_forgotten(checkout: Path) -> None:
    (checkout / "infra/terraform.tfstate").write_text("{}")
    ended = use(checkout, "helpdesk-dev")
    assert ended.returncode == 1
    assert "init -migrate-state -backend-config=bucket=helpdesk-dev-tfstate" in ended.stderr
    assert calls(checkout) == []


def test_the_commands_of_the_page_make_an_environment(checkout: Path) -> None:
    for example in EXAMPLES:
        shutil.copy(INFRA / "environments" / example, checkout / "infra/environments")
    section = PAGE.split("\n## Environments\n", 1)[1].split("\n## ", 1)[0]
    copy, use_it, apply = SHELL_BLOCK.findall(section)[0].splitlines()
    fill_in = 'sed -i "s/YOUR.PROJECT/helpdesk-new/" infra/environments/helpdesk-new.tfvars'
    commands = "\n".join(["set -e", copy, fill_in, use_it, apply])
    ended = shell(checkout, commands.replace("YOUR-PROJECT", "helpdesk-new"))
    assert ended.returncode == 0, ended.stderr
    *_, init, applied = calls(checkout)
    assert init.endswith("-backend-config=bucket=helpdesk-new-tfstate")
    assert applied == "-chdir=infra apply -var-file=environments/helpdesk-new.tfvars"
    assert f"Now: terraform {applied}" in ended.stdout
    for line in (line for block in SHELL_BLOCK.findall(section)[1:] for line in block.splitlines()):
        assert shell(checkout, line).returncode == 0, line


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_names_variables_that_exist(example: str) -> None:
    text = (INFRA / "environments" / example).read_text()
    named = re.findall(r"^(?:# )?(\w+) += ", text, re.MULTILINE)
    declared = re.findall(r'^variable "(\w+)"', (INFRA / "variables.tf").read_text(), re.MULTILINE)
    assert set(named) <= set(declared)
    assert {"project_id", "uploaders", "operators", "callers"} <= set(named)
