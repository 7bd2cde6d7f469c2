"""What must not be lost is not lost by a mistake, and what went wrong at first can be put right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.terraform_steps import ELSEWHERE, addresses

INFRA = Path(__file__).parents[2] / "infra"
DEPENDS = re.compile(r"depends_on = \[(.*?)\]", re.DOTALL)
Circle = Callable[[str], dict[str, Any]]


def there(shown: dict[str, Any]) -> set[str]:
    """Addresses of everything in a state that `show -json` printed."""
    state = json.loads(shown["out"])
    return {one["address"] for one in state["values"]["root_module"]["resources"]}


def words(step: dict[str, Any]) -> str:
    """What a step said, without the line breaks and frames that Terraform puts in."""
    return " ".join(re.sub(r"[│╷╵]", " ", step["out"] + step["err"]).split())


def test_the_guard_comes_before_everything_else() -> None:
    [listed] = DEPENDS.findall((INFRA / "protect.tf").read_text())
    guarded = {line.strip().rstrip(",") for line in listed.splitlines() if line.strip()}
    missing = set(addresses(INFRA)) - guarded - {"terraform_data.protect"}
    assert missing == set(), "depends_on in infra/protect.tf lacks them"


def test_a_refused_destroy_removes_nothing_and_says_what_to_do(circle: Circle) -> None:
    steps = circle("everything")["steps"]
    assert steps["refused destroy"]["code"] == 1
    assert "protect is on: nothing was destroyed." in words(steps["refused destroy"])
    assert there(steps["after it"]) == there(steps["show"])


@pytest.mark.parametrize("name", ELSEWHERE)
def test_nothing_is_done_to_the_state_of_another_installation(name: str, circle: Circle) -> None:
    """An apply would replace every bucket, and a destroy would delete what was not meant."""
    steps = circle("as-it-comes")["steps"]
    for step in (steps[f"another {name}"], steps[f"destroy another {name}"]):
        said = words(step)
        assert step["code"] == 1
        assert f'and now {name} = "{ELSEWHERE[name]}" is given. Nothing was done' in said
        assert f'This state was made with {name} = "' in said
        assert re.search(r"-backend-config=bucket=[a-z-]+-tfstate \(docs/deploy.md, Envir", said)
        assert not re.search("must be replaced|will be|Destroying|Creating", said)


def test_a_service_that_did_not_start_at_first_is_got_out_by_untaint(circle: Circle) -> None:
    steps = circle("everything")["steps"]
    assert "cannot destroy desk-ticket-urgency" in words(steps["refused apply"])
    assert steps["way out"]["code"] == 0
    assert (
        "terraform -chdir=infra untaint google_cloud_run_v2_service.api"
        in (INFRA.parent / "docs/deploy.md").read_text()
    )
