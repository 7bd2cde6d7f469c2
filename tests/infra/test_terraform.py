"""The configuration is well-formed, and its tests never run in a real project."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from infra.wiring.applied import applied_states
from infra.wiring.mocked import STAND_INS, NoProviders
from infra.wiring.settled import State
from tests.infra import terraform_script
from tests.infra.committed import ENVIRONMENTS, committed
from tests.infra.terraform import RealProject, Terraform, once, refuse_unmocked, terraform
from tests.infra.terraform_steps import Step

NAMED = "registry.terraform.io/hashicorp/"


# --- wherever init succeeds ---


def test_files_are_formatted(copied: Terraform) -> None:
    said = copied.say("fmt", "-check", "-recursive", "-diff")
    assert said.code == 0, said.text


def test_the_configuration_is_valid(initialised: Terraform) -> None:
    said = initialised.say("validate")
    assert said.code == 0, said.text


def test_the_configurations_own_tests_pass(initialised: Terraform) -> None:
    said = initialised.say("test")
    assert said.code == 0, said.text
    assert "Success!" in said.text


@pytest.fixture(scope="module")
def mocked(initialised: Terraform) -> dict[str, State]:
    (initialised.folder / "preflight.sh").write_text("touch ran\n")  # each provisioner begins so
    return applied_states(initialised.folder)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_committed_state_is_not_stale(environment: str, mocked: dict[str, State]) -> None:
    stale = f"{environment}.json is stale: run 'make wiring' and read what it changes"
    assert mocked[environment] == committed(environment), stale


def test_a_mocked_apply_runs_no_provisioner(
    mocked: dict[str, State], initialised: Terraform
) -> None:
    assert set(mocked) == set(ENVIRONMENTS)
    assert not (initialised.folder / "ran").exists()


# --- never in a real project ---


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `terraform` that does nothing, without stand-ins; returns the file of its calls."""
    calls, program = tmp_path / "calls", tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nenv > {tmp_path / "environment"}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(STAND_INS, raising=False)
    return calls


UNSERVED = [
    "",
    "{}",
    json.dumps({f"{NAMED}time": {}}),
    json.dumps({f"{NAMED}google": {}}),
    json.dumps({f"{NAMED}google-beta": {}}),
]


@pytest.mark.parametrize("served", UNSERVED)
def test_nothing_is_applied_unless_all_of_google_is_simulated(
    served: str, tmp_path: Path, recorder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_REATTACH_PROVIDERS", served)
    with pytest.raises(NoProviders, match="no simulated project"):
        once(tmp_path, "as-it-comes")
    with pytest.raises(AssertionError, match="RealProject"):
        Terraform(tmp_path).play([Step("plan", str(tmp_path), ("plan",))])
    with pytest.raises(RealProject):
        terraform_script.terraform(tmp_path, "apply", "-auto-approve")
    assert not recorder.exists()


TOUCHING = ["apply", "destroy", "import", "plan", "refresh", "console", "state"]


@pytest.mark.parametrize("verb", TOUCHING)
def test_verbs_that_touch_a_project_have_no_other_way(
    verb: str, tmp_path: Path, recorder: Path
) -> None:
    with pytest.raises(RealProject, match=verb):
        Terraform(tmp_path).say(verb)
    assert not recorder.exists()


def test_a_test_file_that_leaves_a_provider_real_is_not_run(tmp_path: Path, recorder: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'provider "google" {}\nprovider "google" {\n  alias = "billed"\n}\n'
    )
    (tmp_path / "a.tftest.hcl").write_text(
        'mock_provider "google" {}\nmock_provider "google-beta" {}\n'
    )
    with pytest.raises(RealProject, match="billed"):
        Terraform(tmp_path).say("test")
    assert not recorder.exists()
    with (tmp_path / "a.tftest.hcl").open("a") as file:
        file.write('mock_provider "google" {\n  alias = "billed"\n}\n')
    refuse_unmocked(tmp_path)


def test_nobodys_credentials_are_passed_on(
    tmp_path: Path, recorder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOOGLE_CREDENTIALS", "CLOUDSDK_CONFIG", "TF_CLI_ARGS_test", "TF_VAR_project_id"):
        monkeypatch.setenv(name, "mine")
    assert Terraform(tmp_path).say("version").code == 0
    environment = (tmp_path / "environment").read_text()
    assert "mine" not in environment
    assert f"GOOGLE_APPLICATION_CREDENTIALS={os.devnull}\n" in environment


def test_without_terraform_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(NoProviders, match="Terraform is not installed"):
        terraform(tmp_path)
