"""Each grant of the account that builds is needed: without it an apply fails, or a build cannot
read its sources.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from infra.local.wiring import Grant
from infra.wiring.applied import ApplyRefused, NoProviders, applied_state
from infra.wiring.from_state import grants_from

LOGS = ("google_project_iam_member", "builder_logs", "roles/logging.viewer")
PUSHES = (
    "google_artifact_registry_repository_iam_member",
    "builder",
    "roles/artifactregistry.reader",
)
READS = ("google_project_iam_member", "builder_function_sources", "roles/browser")
STAGED = ("google_storage_bucket_iam_member", "builder_source", "roles/storage.objectCreator")
ANNOUNCES = ("google_pubsub_topic_iam_member", "storage_announces", "roles/pubsub.viewer")

# what is made useless -> what the empty project says. It asks whether the builder may read
# anywhere, not where: both grants have to go before it notices, and the last test tells them apart.
REFUSALS = {
    "write logs": ([LOGS], "lacks roles/logging.logWriter"),
    "push images": ([PUSHES], "lacks roles/artifactregistry.writer"),
    "read sources": ([READS, STAGED], "lacks roles/storage.objectViewer"),
    "announce what landed": ([ANNOUNCES], "may not publish"),
}
SAMPLE = ["write logs"]
SOURCES_OF_FUNCTIONS = "gcf-v2-sources-123456789012-us-central1"
"""The bucket that Cloud Functions makes itself."""


@pytest.mark.parametrize("right", REFUSALS if os.environ.get("URGENCY_PROVE") else SAMPLE)
def test_the_first_apply_fails_for_who_may_not(right: str, tmp_path: Path) -> None:
    useless, said = REFUSALS[right]
    override = "".join(
        f'resource "{kind}" "{name}" {{\n  role = "{role}"\n}}\n' for kind, name, role in useless
    )
    with pytest.raises(ApplyRefused, match=said):
        _applied(tmp_path, override)


def test_each_grant_to_read_opens_a_bucket_that_builds_read(tmp_path: Path) -> None:
    state = _applied(tmp_path)
    [source] = {build["source"][0]["storage_source"][0]["bucket"] for build in _builds(state)}
    [account] = {build["service_account"].rpartition("/")[2] for build in _builds(state)}
    reading = [
        Grant(**grant)
        for grant in grants_from(state)
        if grant["member"] == f"serviceAccount:{account}"
        and grant["role"].startswith("roles/storage.")
    ]
    opened = [
        {bucket for bucket in (source, SOURCES_OF_FUNCTIONS) if _may_read(grant, bucket)}
        for grant in reading
    ]
    assert sorted(opened, key=sorted) == sorted([{source}, {SOURCES_OF_FUNCTIONS}], key=sorted)


def _may_read(grant: Grant, bucket: str) -> bool:
    there = grant.resource.startswith("projects/") or grant.resource == f"buckets/{bucket}"
    name = f"projects/_/buckets/{bucket}/objects/zip"
    return there and "storage.objects.get" in grant.permissions and name.startswith(grant.prefix)


def _builds(state: dict[str, Any]) -> list[dict[str, Any]]:
    resources = state["values"]["root_module"]["resources"]
    functions = [
        one["values"] for one in resources if one["type"] == "google_cloudfunctions2_function"
    ]
    return [function["build_config"][0] for function in functions]


def _applied(folder: Path, override: str = "") -> dict[str, Any]:
    try:
        return applied_state(folder, override)
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")
