"""What a platform engineer tries in the first hour: each variable, one after the other."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from infra.wiring.mocked import NoProviders, copy_of_checkout
from tests.infra.committed import ENVIRONMENTS
from tests.infra.terraform import refuse_unsimulated, terraform
from tests.infra.terraform_steps import ELSEWHERE, changes

INFRA = Path(__file__).parents[2] / "infra"
MOST = ENVIRONMENTS["everything"]
IMAGES = [{"jobs": f"r.dev/p/jobs:{n}", "service": f"r.dev/p/service:{n}"} for n in range(3)]
PEOPLE = ("uploaders", "operators", "callers")

CHANGES: list[dict[str, Any]] = [
    {},
    *({name: MOST[name]} for name in ("labels", "runbook_url", "public", "alert_emails")),
    {name: MOST[name] for name in PEOPLE},
    {"operators": MOST["operators"]},  # and the others are nobody again
    {"schedule": "15 1 * * *", "settings": MOST["settings"], "log_level": "debug"},
    {"train_tickets": 2_000_000, "max_instances": 5, "score_tasks": 8, "audit_writes": False},
    {"mlflow": "server"},
    {"webhook": MOST["webhook"]},
    {"webhook": MOST["webhook"], "notices": MOST["notices"], "operators": MOST["operators"]},
    {"dataflow": True, "notices": MOST["notices"]},
    {"budget": MOST["budget"], "alert_emails": MOST["alert_emails"]},
    {"images": IMAGES[0]},
    {"ci": {}},
    {"ci": {}, "candidate": IMAGES[1]},
    {"ci": {}, "images": IMAGES[1]},
    {"ci": {"github_repository_id": "123456789"}},
    {"protect": True},
    {},
]
"""Besides the project. Each leaves out what the one before it asked for."""


def test_each_variable_is_among_them() -> None:
    text = "".join(file.read_text() for file in INFRA.glob("*.tf"))
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert {name for change in CHANGES for name in change} | set(ELSEWHERE) == declared


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not os.environ.get("URGENCY_PROVE"):
        pytest.skip("skipped: long; make prove")
    try:
        refuse_unsimulated()
        here = terraform(copy_of_checkout(tmp_path_factory.mktemp("hour")))
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")
    given = [{"project_id": "helpdesk-dev", **change} for change in CHANGES]
    played: dict[str, Any] = here.play(changes(here.folder, given))["steps"]
    *_, (last, said) = played.items()
    assert last == "left", f"{last}: {said['out'][-3000:]}{said['err'][-3000:]}"
    return played


def test_a_plan_is_empty_after_each_change_and_nothing_is_left(steps: dict[str, Any]) -> None:
    assert {name: step["out"][-3000:] for name, step in steps.items() if step["code"]} == {}
    assert "values" not in json.loads(steps["left"]["out"])
