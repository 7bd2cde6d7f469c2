"""What was applied keeps every policy, and every policy would notice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.committed import ENVIRONMENTS, committed
from tests.infra.policies import POLICIES, deployment
from tests.infra.policies.mistakes import Mistake
from tests.infra.policies.planted_mistakes import MISTAKES
from tests.infra.policies.watching import anchors


def name_of(mistake: Mistake) -> str:
    return f"{mistake.policy}-{mistake.address}"


def violations(policy: str, state: dict[str, Any], environment: str) -> list[str]:
    return list(POLICIES[policy](deployment(state, ENVIRONMENTS[environment])))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("policy", POLICIES)
def test_what_was_applied_keeps(policy: str, environment: str) -> None:
    assert violations(policy, committed(environment), environment) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=name_of)
def test_a_planted_mistake_is_caught_by_name(mistake: Mistake) -> None:
    state = mistake.in_(committed(mistake.environment))
    found = violations(mistake.policy, state, mistake.environment)
    assert [said for said in found if mistake.address in said]


def test_every_policy_has_a_mistake_that_it_catches() -> None:
    assert {mistake.policy for mistake in MISTAKES} == set(POLICIES)
    assert len(MISTAKES) >= 20


def test_sections_are_found_as_their_links_are_made() -> None:
    page = "# Operations: what you see\n## No successful run for 3 hours\ntext # no title\n"
    assert anchors(page) == {"operations-what-you-see", "no-successful-run-for-3-hours"}
