"""The configuration is well-formed and goes the whole circle, in a simulated project only."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.wiring.applied import LAPTOPS, applied_states
from infra.wiring.from_state import grants_from, wiring_from
from infra.wiring.mocked import STAND_INS, NoProviders, mocked_apply
from infra.wiring.settled import State, published
from tests.infra import terraform_script
from tests.infra.committed import ENVIRONMENTS, committed
from tests.infra.terraform import RealProject, Terraform, once, refuse_unmocked, terraform
from tests.infra.terraform_steps import Step

Circle = Callable[[str], dict[str, Any]]
REFUSED = ("second plan", "refused destroy", "another project", "refused apply")
NAMED = "registry.terraform.io/hashicorp/"


def kinds(circle: dict[str, Any]) -> Counter[str]:
    """How many resources of each type the apply made."""
    state = json.loads(circle["steps"]["show"]["out"])
    return Counter(
        r["type"] for r in state["values"]["root_module"]["resources"] if r["mode"] == "managed"
    )


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
    return applied_states(initialised.folder)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_committed_state_is_not_stale(environment: str, mocked: dict[str, State]) -> None:
    stale = f"{environment}.json is stale: run 'make wiring' and read what it changes"
    assert mocked[environment] == committed(environment), stale


def test_a_mocked_apply_runs_no_provisioner(initialised: Terraform) -> None:
    (initialised.folder / "preflight.sh").write_text("touch ran\n")  # each of them begins with it
    mocked_apply(initialised.folder, ENVIRONMENTS[LAPTOPS])
    assert not (initialised.folder / "ran").exists()


# --- in a simulated project ---


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_empty_project_is_filled_at_the_first_apply_and_emptied_again(
    environment: str, circle: Circle, record_property: Callable[[str, object], None]
) -> None:
    steps = circle(environment)["steps"]
    count = sum(kinds(circle(environment)).values())
    seconds = {name: step["seconds"] for name, step in steps.items()}
    record_property("figure", f"Terraform, {environment}: {count} resources, {seconds}")
    assert [name for name, step in steps.items() if step["code"] and name not in REFUSED] == []
    assert "values" not in json.loads(steps["left"]["out"]), "destroy left something"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_second_plan_is_empty(environment: str, circle: Circle) -> None:
    second = circle(environment)["steps"]["second plan"]
    assert second["code"] == 0, second["out"][-3000:]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_real_apply_grants_what_a_mocked_one_does(environment: str, circle: Circle) -> None:
    shown = json.loads(circle(environment)["steps"]["show"]["out"])["values"]
    applied = {"resources": shown["root_module"]["resources"]}
    applied = published(applied, ENVIRONMENTS[environment])
    assert grants_from(applied) == grants_from(committed(environment))
    if environment == LAPTOPS:
        assert wiring_from(applied) == wiring_from(committed(environment))


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
