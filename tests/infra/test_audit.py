"""Who dropped a file can be found: the page's command takes the audit log's entries of the drop."""

from __future__ import annotations

import copy
import re
import shlex
from typing import Any

import pytest

from infra.local.pocket.log_entries import passing
from infra.local.wiring_file import load_wiring
from tests.support.cloud.live_stack import CHECKOUT

WIRING = load_wiring()
PAGE = (CHECKOUT / "docs/security.md").read_text()
[LANDING] = [bucket for bucket in WIRING.buckets if bucket.endswith("landing")]
FILE = f"projects/_/buckets/{LANDING}/objects/incoming/tickets.csv"

# As https://cloud.google.com/storage/docs/audit-logging and
# https://cloud.google.com/logging/docs/audit/understanding-audit-logs show it.
DROPPED: dict[str, Any] = {
    "logName": f"projects/{WIRING.project}/logs/cloudaudit.googleapis.com%2Fdata_access",
    "resource": {
        "type": "gcs_bucket",
        "labels": {
            "bucket_name": LANDING,
            "location": WIRING.region,
            "project_id": WIRING.project,
        },
    },
    "timestamp": "2026-01-02T03:04:05.678901Z",
    "severity": "INFO",
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "storage.googleapis.com",
        "methodName": "storage.objects.create",
        "resourceName": FILE,
        "authenticationInfo": {"principalEmail": "ann@example.com"},
        "authorizationInfo": [
            {"resource": FILE, "permission": "storage.objects.create", "granted": True}
        ],
        "requestMetadata": {"callerIp": "192.0.2.1", "callerSuppliedUserAgent": "gcloud"},
    },
}


def command() -> list[str]:
    """The page's `gcloud logging read`, for the laptop's project."""
    [line] = re.findall(r"^gcloud logging read .*$", PAGE, re.MULTILINE)
    return shlex.split(line.replace("YOUR-PROJECT", WIRING.project))


def changed(**fields: str) -> dict[str, Any]:
    """The entry with other members, named by path with `__` between."""
    entry = copy.deepcopy(DROPPED)
    for path, value in fields.items():
        *way, name = path.split("__")
        block = entry
        for step in way:
            block = block[step]
        assert block[name] != value
        block[name] = value
    return entry


def test_the_drop_is_taken_and_its_deletion() -> None:
    filter_ = command()[3]
    assert passing(filter_)(DROPPED)
    assert passing(filter_)(changed(protoPayload__methodName="storage.objects.delete"))


@pytest.mark.parametrize(
    "other",
    [
        changed(protoPayload__resourceName=FILE + "2"),
        changed(protoPayload__resourceName=FILE.replace("incoming", "receipts")),
        changed(protoPayload__resourceName=FILE.replace("landing", "registry")),
        changed(resource__type="gcs_object"),
        changed(logName=DROPPED["logName"].replace("data_access", "activity")),
    ],
)
def test_nothing_else_is_taken(other: dict[str, Any]) -> None:
    assert not passing(command()[3])(other)


def test_what_is_shown_is_in_the_entry() -> None:
    [shown] = [option for option in command() if option.startswith("--format=table(")]
    columns = shown.removeprefix("--format=table(").removesuffix(")").split(", ")
    assert columns[0] == "timestamp"
    for column in columns:
        found: Any = DROPPED
        for name in column.split("."):
            found = found[name]
        assert isinstance(found, str)


def rows() -> list[list[str]]:
    """The table of threats."""
    table = PAGE.partition("| threat |")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_threat_has_its_check(row: list[str]) -> None:
    threat, _against, check = row
    assert re.findall(r"`[\w/]+\.(?:py|tftest\.hcl)`|`[\w/]+\*\.py`", check), threat


def test_every_check_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:tests|infra)/[\w/.*]+)`", PAGE))
    assert len(named) > 15
    assert not [pattern for pattern in named if not list(CHECKOUT.glob(pattern))]
