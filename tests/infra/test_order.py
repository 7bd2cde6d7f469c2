"""In one apply nothing points at what is not there yet, or any more: read from a plan."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.wiring.from_state import is_grant
from tests.infra.committed import ENVIRONMENTS

Circle = Callable[[str], dict[str, Any]]
Replaced = Callable[[str], dict[str, Any]]
FUNCTION = "google_cloudfunctions2_function.this"
JOB, SERVICE = "google_cloud_run_v2_job.train", "google_cloud_run_v2_service.api"
ZIP, IMAGE, BUILDER = (
    "google_storage_bucket_object.functions",
    "terraform_data.image",
    "time_sleep.builder",
)
GRANT = re.compile(r"^google_cloud_run_v2_(service|job)_iam_member$")
ADDRESS = re.compile(r"^(?:data\.)?\w+\.\w+")


STAYS = (
    "google_project_iam_member",
    "google_secret_manager_secret_iam_member",  # on what is not Terraform's here
    "google_storage_bucket_iam_member",  # storage.tf: another bucket under the name is refused
)
"""Grants whose subject cannot be replaced under its name."""


@pytest.fixture(scope="module")
def replaced(circle: Circle) -> Replaced:
    """The plan that replaces a function, the job, the service and the zip; or all with grants."""

    def plan(environment: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(circle(environment)["steps"]["replaced"]["out"])
        return shown

    return plan


def references(value: object) -> Iterator[str]:
    """Every address that an expression of the configuration names."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from inner if name == "references" else references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def comes_after(plan: dict[str, Any], address: str) -> set[str]:
    """What is complete before Terraform begins with the resource at `address`."""
    module = plan["configuration"]["root_module"]
    named = {
        resource["address"]: [*references(resource), *resource.get("depends_on", [])]
        for resource in module["resources"]
    }
    before: set[str] = set()
    ahead = [address]
    while ahead:
        for name in named[ahead.pop()]:
            found = ADDRESS.match(name)
            if found and found[0] in named and found[0] not in before:
                before.add(found[0])
                ahead.append(found[0])
    return before


def actions(plan: dict[str, Any], address: str) -> list[str]:
    """What the plan does to a resource, in order."""
    [change] = [one for one in plan["resource_changes"] if one["address"] == address]
    done: list[str] = change["change"]["actions"]
    return done


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    ("address", "before"),
    [(FUNCTION, {ZIP, BUILDER}), (JOB, {IMAGE, BUILDER}), (SERVICE, {IMAGE, BUILDER})],
)
def test_what_it_runs_is_there_first(
    environment: str, address: str, before: set[str], replaced: Circle
) -> None:
    assert before <= comes_after(replaced(environment), address)


def test_the_old_zip_is_deleted_after_the_functions_left_it(replaced: Circle) -> None:
    assert actions(replaced("as-it-comes"), ZIP) == ["create", "delete"]
    assert actions(replaced("as-it-comes"), FUNCTION + '["on-csv-landed"]') == ["delete", "create"]


def test_every_grant_follows_what_it_is_on(replaced: Replaced) -> None:
    """Whatever grants are on is replaced here, under its name: a grant left alone is a lost one."""
    grants = [one for one in replaced("everything")["resource_changes"] if is_grant(one["type"])]
    alone = [one for one in grants if one["change"]["actions"] == ["no-op"]]
    assert {one["type"] for one in alone} == set(STAYS)
    assert len(grants) - len(alone) > 40


def test_who_may_call_what_was_replaced_is_granted_it_again(replaced: Circle) -> None:
    """Google forgets the grants with what they are on; Terraform notices at the next plan only."""
    plan = replaced("as-it-comes")
    on = {
        change["address"]: change["change"]["after"]["name"]
        for change in plan["resource_changes"]
        if GRANT.match(change["type"])
    }
    kept = {address for address in on if actions(plan, address) == ["no-op"]}
    names = {"on-csv-landed", "train", "ticket-urgency"}
    assert {on[address] for address in kept} >= {"on-model-released", "drift", "score"}
    assert {on[address] for address in kept} & names == set()
    assert set(on.values()) > names


def test_a_channel_is_deleted_when_neither_alerts_nor_the_budget_name_it(circle: Circle) -> None:
    """Google refuses it otherwise."""
    said = circle("everything")["steps"]["change"]["out"]
    naming = r"google_(monitoring_alert_policy|billing_budget)\..+: Modifications complete"
    changed = [match.end() for match in re.finditer(naming, said)]
    assert len(changed) > 10
    assert said.index('channel.email["oncall@example.com"]: Destroying') > max(changed)
