"""The configuration fills an empty project, a simulated one, at the first apply and empties it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from infra.wiring.applied import LAPTOPS
from infra.wiring.from_state import grants_from, wiring_from
from infra.wiring.settled import published
from tests.infra.committed import ENVIRONMENTS, committed

Circle = Callable[[str], dict[str, Any]]
MAY_FAIL = re.compile("(second|third) plan|refused|another")


def kinds(circle: dict[str, Any]) -> Counter[str]:
    """How many resources of each type the apply made."""
    state = json.loads(circle["steps"]["show"]["out"])
    return Counter(
        r["type"] for r in state["values"]["root_module"]["resources"] if r["mode"] == "managed"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_empty_project_is_filled_at_the_first_apply_and_emptied_again(
    environment: str, circle: Circle, record_property: Callable[[str, object], None]
) -> None:
    steps = circle(environment)["steps"]
    count = sum(kinds(circle(environment)).values())
    seconds = {name: step["seconds"] for name, step in steps.items()}
    record_property("figure", f"Terraform, {environment}: {count} resources, {seconds}")
    assert [
        name for name, step in steps.items() if step["code"] and not MAY_FAIL.search(name)
    ] == []
    assert "values" not in json.loads(steps["left"]["out"]), "destroy left something"


@pytest.mark.parametrize("plan", ["second plan", "third plan"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_plan_is_empty_after_the_first_apply_and_after_a_change_of_nearly_all(
    environment: str, plan: str, circle: Circle
) -> None:
    again = circle(environment)["steps"][plan]
    assert again["code"] == 0, again["out"][-3000:]


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
