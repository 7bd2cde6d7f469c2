"""What was applied keeps every policy, and every policy would notice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.environments import ENVIRONMENTS
from tests.infra.policies import POLICIES, deployment
from tests.infra.policies.mistakes import Mistake
from tests.infra.policies.planted_mistakes import MISTAKES
from tests.infra.policies.watching import anchors

Circle = Callable[[str], dict[str, Any]]


def state_of(circle: Circle, environment: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(circle(environment)["steps"]["show"]["out"])
    return state


def violations(policy: str, state: dict[str, Any], environment: str) -> list[str]:
    return list(POLICIES[policy](deployment(state, ENVIRONMENTS[environment].variables)))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("policy", POLICIES)
def test_what_was_applied_keeps(policy: str, environment: str, circle: Circle) -> None:
    assert violations(policy, state_of(circle, environment), environment) == []


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=lambda mistake: f"{mistake.policy}-{mistake.address}"
)
def test_a_planted_mistake_is_caught_by_name(mistake: Mistake, circle: Circle) -> None:
    state = mistake.in_(state_of(circle, mistake.environment))
    assert [
        said
        for said in violations(mistake.policy, state, mistake.environment)
        if mistake.address in said
    ]


def test_every_policy_has_a_mistake_that_it_catches() -> None:
    assert {mistake.policy for mistake in MISTAKES} == set(POLICIES)
    assert len(MISTAKES) >= 20


def test_sections_are_found_as_their_links_are_made() -> None:
    assert anchors(
        "# Operations: what you see\n## No successful run for 3 hours\ntext # no title\n"
    ) == {
        "operations-what-you-see",
        "no-successful-run-for-3-hours",
    }
