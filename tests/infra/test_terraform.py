"""The configuration is well-formed, and goes the whole circle in a project that is simulated; never
in another one.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.wiring import applied
from infra.wiring.applied import NoProviders
from tests.infra import terraform as harness
from tests.infra import terraform_circle
from tests.infra.environments import ENVIRONMENTS
from tests.infra.terraform import RealProject, Terraform, refuse_unmocked, terraform

Circle = Callable[[str], dict[str, Any]]
NAMED = "registry.terraform.io/hashicorp/"


def kinds(circle: dict[str, Any]) -> Counter[str]:
    """How many resources of each type the apply made."""
    state = json.loads(circle["steps"]["show"]["out"])
    return Counter(
        r["type"] for r in state["values"]["root_module"]["resources"] if r["mode"] == "managed"
    )


# --- everywhere where init succeeds
# ------------------------------------------------------------------------------


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


# --- in a simulated project
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_empty_project_is_filled_at_the_first_apply_and_emptied_again(
    environment: str, circle: Circle, record_property: Callable[[str, object], None]
) -> None:
    steps = circle(environment)["steps"]
    seconds = {name: step["seconds"] for name, step in steps.items()}
    record_property(
        "figure",
        f"Terraform, {environment}: {sum(kinds(circle(environment)).values())} resources,"
        f" {seconds}",
    )
    assert [name for name, step in steps.items() if step["code"] and name != "second plan"] == []
    assert "values" not in json.loads(steps["left"]["out"]), "destroy left something"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_second_plan_is_empty(environment: str, circle: Circle) -> None:
    second = circle(environment)["steps"]["second plan"]
    assert second["code"] == 0, second["out"][-3000:]


def test_images_are_built_once_each_with_nobody_asked_anything(circle: Circle) -> None:
    builds = [call for call in circle("as-it-comes")["gcloud"] if call.startswith("builds submit")]
    assert len(builds) == 2
    assert all("--config image.yaml" in call and ":latest" not in call for call in builds)


def test_ready_made_images_need_no_gcloud(circle: Circle) -> None:
    assert circle("everything")["gcloud"] == []


def test_what_costs_when_idle_is_made_only_when_asked_for(circle: Circle) -> None:
    optional = {
        "google_sql_database_instance",
        "google_billing_budget",
        "google_monitoring_notification_channel",
    }
    assert not optional & set(kinds(circle("as-it-comes")))
    assert optional <= set(kinds(circle("everything")))


# --- never in a real one
# -----------------------------------------------------------------------------------------


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `terraform` that only writes down what it was asked to do; returns that file."""
    calls, program = tmp_path / "calls", tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nenv > {tmp_path / "environment"}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
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
    monkeypatch.setattr(harness, "HELPER", tmp_path / "no-helper-here")
    monkeypatch.setattr(applied, "HELPER", tmp_path / "no-helper-here")
    with pytest.raises(NoProviders, match="only stand-ins"):
        applied.applied_state(tmp_path / "wiring")
    with pytest.raises(NoProviders, match="a real one is never touched"):
        harness.once(tmp_path, "as-it-comes", {}, {})
    with pytest.raises(AssertionError, match="RealProject"):
        Terraform(tmp_path).circle({})
    with pytest.raises(RealProject):
        terraform_circle.terraform(tmp_path, "apply", "-auto-approve")
    assert not recorder.exists()


@pytest.mark.parametrize(
    "verb", ["apply", "destroy", "import", "plan", "refresh", "console", "state"]
)
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
    with pytest.raises(NoProviders, match="terraform is not installed"):
        terraform(tmp_path)
