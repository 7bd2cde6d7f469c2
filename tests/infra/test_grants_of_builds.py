"""Each grant of the builder is needed: without it an apply fails, or a build reads no sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.local.conditions import Asked
from infra.local.wiring import Grant
from infra.wiring.from_state import grants_from
from infra.wiring.mocked import NoProviders
from tests.infra.committed import committed, values_of
from tests.infra.terraform import simulated_circle

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
    try:
        steps = simulated_circle(tmp_path, "as-it-comes", override)["steps"]
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")
    assert steps["apply"]["code"] == 1
    assert said in steps["apply"]["err"]


def test_each_grant_to_read_opens_a_bucket_that_builds_read() -> None:
    state = committed("as-it-comes")
    functions = values_of(state, "google_cloudfunctions2_function")
    builds = [function["build_config"][0] for function in functions]
    [source] = {build["source"][0]["storage_source"][0]["bucket"] for build in builds}
    [account] = {build["service_account"].rpartition("/")[2] for build in builds}
    reading = [
        Grant(**grant)
        for grant in grants_from(state)
        if grant["member"] == f"serviceAccount:{account}"
        and grant["role"].startswith("roles/storage.")
    ]
    buckets = (source, SOURCES_OF_FUNCTIONS)
    opened = [{bucket for bucket in buckets if _may_read(grant, bucket)} for grant in reading]
    assert sorted(opened, key=sorted) == sorted([{source}, {SOURCES_OF_FUNCTIONS}], key=sorted)


def _may_read(grant: Grant, bucket: str) -> bool:
    there = grant.resource.startswith("projects/") or grant.resource == f"buckets/{bucket}"
    asked = Asked(f"projects/_/buckets/{bucket}/objects/zip")
    return there and "storage.objects.get" in grant.permissions and grant.holds(asked)
