"""Arguments have values that the published provider takes, and commands have flags that gcloud has."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.wiring.applied import HELPER
from tests.infra.environments import ENVIRONMENTS
from tests.infra.provider_values import Arguments, read_values, refused

PAGE = HELPER.with_name("values-7.45.md")
NO_STAND_IN = [
    folder for folder in os.environ["PATH"].split(os.pathsep) if "terraform-offline" not in folder
]
GCLOUD = shutil.which("gcloud", path=os.pathsep.join(NO_STAND_IN))
COMMAND = re.compile(r"gcloud [^\n)]+")
Circle = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def published() -> dict[str, Arguments]:
    if not PAGE.exists():
        pytest.skip("skipped: the list of the provider's values is not here")
    return read_values(PAGE)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_value_is_one_that_the_provider_takes(
    environment: str, circle: Circle, published: dict[str, Arguments]
) -> None:
    state = json.loads(circle(environment)["steps"]["show"]["out"])
    ours = [
        r for r in state["values"]["root_module"]["resources"] if r["type"].startswith("google_")
    ]
    managed = [r for r in ours if r["mode"] == "managed"]
    assert {r["type"] for r in managed} <= set(published)
    assert [
        f"{r['address']}: {said}"
        for r in managed
        for said in refused(r["values"], published[r["type"]])
    ] == []


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("google_cloud_run_v2_service", {"ingress": "ALL"}, "ingress = ALL is none of"),
    (
        "google_storage_bucket",
        {"lifecycle_rule": [{"condition": [{"with_state": "DEAD"}]}]},
        "with_state = DEAD",
    ),
    ("google_monitoring_alert_policy", {"combiner": "XOR"}, "combiner = XOR"),
    (
        "google_cloud_run_v2_job",
        {"template": [{"template": [{"timeout": "1h"}]}]},
        "timeout = 1h does not match",
    ),
    (
        "google_sql_database_instance",
        {"settings": [{"insights_config": [{"query_plans_per_minute": 201}]}]},
        "201 is not from 0 to 200",
    ),
    (
        "google_pubsub_subscription",
        {"push_config": [{"push_endpoint": "x"}], "bigquery_config": [{"table": "y"}]},
        "push_config excludes bigquery_config",
    ),
]


@pytest.mark.parametrize(("type_", "values", "said"), REFUSED)
def test_a_wrong_value_is_noticed(
    type_: str, values: dict[str, Any], said: str, published: dict[str, Arguments]
) -> None:
    assert said in "; ".join(refused(values, published[type_]))


def test_gcloud_knows_every_flag_of_the_commands_that_are_run_and_shown(
    circle: Circle, tmp_path: Path
) -> None:
    if not GCLOUD:
        pytest.skip("skipped: gcloud is not installed")
    whole = circle("as-it-comes")
    outputs = json.loads(whole["steps"]["show"]["out"])["values"]["outputs"]
    shown = set(COMMAND.findall("\n".join(str(output["value"]) for output in outputs.values())))
    run = {f"gcloud {call}" for call in whole["gcloud"]}
    assert len(run) >= 4
    assert len(shown) >= 3
    wrong = "gcloud builds submit --no-such-flag"
    errors = linted(sorted({*run, *shown, wrong}), tmp_path)
    assert "unrecognized arguments" in errors.pop(wrong)
    assert errors == {}


def linted(commands: list[str], folder: Path) -> dict[str, str]:
    """What gcloud finds wrong, by command, without running them and without a network."""
    file = folder / "commands.json"
    file.write_text(json.dumps([{"command_string": command} for command in commands]))
    lint = [str(GCLOUD), "meta", "lint-gcloud-commands", f"--commands-file={file}"]
    said = json.loads(subprocess.run(lint, capture_output=True, text=True, check=True).stdout)
    assert len(said) == len(commands)
    found = {command: one["error_message"] for command, one in zip(commands, said, strict=True)}
    return {command: error for command, error in found.items() if error}
