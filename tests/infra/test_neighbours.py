"""Two installations in one project, of which one grows out of an older release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.wiring.from_state import is_grant
from infra.wiring.mocked import NoProviders
from tests.infra.terraform import simulated_neighbours
from tests.infra.terraform_steps import NEWER

VARIABLES = {"project_id": "helpdesk", "operators": ["user:ann@example.com"], "protect": True}
WITHOUT_A_NAME = ("google_project_service", "google_monitoring_", "terraform_data", "time_sleep")
"""What a project has once, what Google gives a number, and what exists in a state only."""

Said = dict[str, Any]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    try:
        found = simulated_neighbours(tmp_path_factory.mktemp("project"), VARIABLES, "trial-")
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")
    *_, (last, step) = found["steps"].items()
    assert last == "show", f"{last}: {step['out'][-3000:]}{step['err'][-3000:]}"
    steps: Said = found["steps"]
    return steps


def made(step: Said) -> Iterator[dict[str, Any]]:
    """Everything that an installation made, from what `show -json` printed."""
    state = json.loads(step["out"])["values"]["root_module"]["resources"]
    return (one for one in state if one["mode"] == "managed")


def identities(step: Said) -> set[tuple[str, str]]:
    """Type and id of what both of two installations could claim."""
    alone = (one for one in made(step) if not one["type"].startswith(WITHOUT_A_NAME))
    return {(one["type"], one["values"]["id"]) for one in alone if "_iam_" not in one["type"]}


def test_no_name_is_claimed_twice(said: Said) -> None:
    ours, theirs = identities(said["show"]), identities(said["their state"])
    assert len(ours) == len(theirs) > 30
    assert ours & theirs == set()


def test_each_grants_on_its_own_and_to_its_own(said: Said) -> None:
    trial = [one for one in made(said["their state"]) if is_grant(one["type"])]
    foreign = [
        one["address"]
        for one in trial
        if "@helpdesk.iam" in one["values"].get("member", "")  # a sink's writer is not made up here
        and not one["values"]["member"].startswith("serviceAccount:trial-urgency-")
    ]
    assert len(trial) > 20
    assert foreign == []


@pytest.mark.parametrize("plan", ["plan", "their plan"])
def test_neither_changes_the_other(said: Said, plan: str) -> None:
    assert said[plan]["code"] == 0, said[plan]["out"][-3000:]


def test_an_upgrade_adds_metrics_with_their_alerts_to_an_old_installation(said: Said) -> None:
    before = {one["address"] for one in made(said["their older state"])}
    after = {one["address"] for one in made(said["their state"])}
    added = after - before
    assert "google_logging_metric.held" in added
    assert 'google_monitoring_alert_policy.logged["Versions held back"]' in added
    assert all(NEWER.match(address) for address in added)
