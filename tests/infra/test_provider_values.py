"""Arguments have values that the provider takes, and commands have flags that gcloud has."""

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

from tests.infra.committed import ENVIRONMENTS, committed
from tests.infra.provider_values import PUBLISHED, refused

NO_STAND_IN = [
    folder for folder in os.environ["PATH"].split(os.pathsep) if "terraform-offline" not in folder
]
GCLOUD = shutil.which("gcloud", path=os.pathsep.join(NO_STAND_IN))
COMMAND = re.compile(r"gcloud [^\n)]+")
WRONG = "gcloud builds submit --no-such-flag"
Circle = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_value_is_one_that_the_provider_takes(environment: str) -> None:
    resources = [one for one in committed(environment)["resources"] if managed(one["address"])]
    assert {one["type"] for one in resources} <= set(PUBLISHED)
    assert [
        f"{one['address']}: {said}"
        for one in resources
        for said in refused(one["values"], PUBLISHED[one["type"]])
    ] == []


def managed(address: str) -> bool:
    return address.startswith("google_")


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
def test_a_wrong_value_is_noticed(type_: str, values: dict[str, Any], said: str) -> None:
    assert said in "; ".join(refused(values, PUBLISHED[type_]))


def test_gcloud_knows_every_flag_of_the_commands_that_are_shown(tmp_path: Path) -> None:
    shown = set(COMMAND.findall("\n".join(map(str, committed("as-it-comes")["outputs"].values()))))
    assert len(shown) >= 2
    errors = linted([*sorted(shown), WRONG], tmp_path)
    assert "unrecognized arguments" in errors.pop(WRONG)
    assert errors == {}


def test_gcloud_knows_every_flag_of_the_commands_that_are_run(
    circle: Circle, tmp_path: Path
) -> None:
    run = {f"gcloud {call}" for call in circle("as-it-comes")["gcloud"]}
    assert len(run) >= 4
    assert linted(sorted(run), tmp_path) == {}


def linted(commands: list[str], folder: Path) -> dict[str, str]:
    """What gcloud finds wrong, by command, without running them and without a network."""
    if not GCLOUD:
        pytest.skip("skipped: gcloud is not installed")
    file = folder / "commands.json"
    file.write_text(json.dumps([{"command_string": command} for command in commands]))
    lint = [str(GCLOUD), "meta", "lint-gcloud-commands", f"--commands-file={file}"]
    said = json.loads(subprocess.run(lint, capture_output=True, text=True, check=True).stdout)
    assert len(said) == len(commands)
    found = {command: one["error_message"] for command, one in zip(commands, said, strict=True)}
    return {command: error for command, error in found.items() if error}
