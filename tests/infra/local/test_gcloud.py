"""`gcloud storage` works for a person who is an uploader and nothing else, and only there."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from google.api_core import exceptions as api

from infra.local.wiring_file import load_wiring
from tests.infra.local.gcloud_requests import Sent, copy_into, copy_of_large, copy_to
from tests.support.cloud.live_stack import CHECKOUT, CommandResult
from tests.support.cloud.pocket import Pocket, pocket

NEW, OLD = b"title\r\nnew\r\n", b"title\nold\n"
GCLOUD_S = 60


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Pocket]:
    with pocket(tmp_path / "pocket") as cloud:
        yield cloud


# --- the requests of gcloud, replayed on every machine ---

COPIES = {
    "under its name": copy_to("incoming/a.csv", NEW),
    "into the folder": copy_into("incoming/", "a.csv", NEW),
    "into a folder below": copy_into("incoming/2026/", "a.csv", NEW),
    "in a session": copy_of_large("incoming/a.csv", NEW),
}


def replayed(cloud: Pocket, account: str, requests_: list[Sent]) -> list[int]:
    """The status of each answer; the last one is the upload's."""
    statuses, bucket, location = [], cloud.bucket("landing"), ""
    for sent in requests_:
        answer = requests.request(
            sent.method,
            location or cloud.url + sent.path.replace("{bucket}", bucket),
            headers=sent.headers | {"Authorization": f"Bearer {cloud.token(account)}"},
            data=sent.body.replace(b"{bucket}", bucket.encode()),
            timeout=GCLOUD_S,
        )
        location = answer.headers.get("Location", "")
        statuses.append(answer.status_code)
    return statuses


@pytest.mark.parametrize("way", COPIES)
def test_a_file_is_copied_and_announced(cloud: Pocket, way: str) -> None:
    assert replayed(cloud, "uploader", COPIES[way]) == [sent.status for sent in COPIES[way]]
    [(event, resource)] = cloud.events
    assert (event, resource["size"]) == ("OBJECT_FINALIZE", str(len(NEW)))
    blob = cloud.client("uploader").bucket(cloud.bucket("landing")).blob(str(resource["name"]))
    assert blob.download_as_bytes() == NEW


@pytest.mark.parametrize(
    "requests_",
    [
        copy_to("receipts/a.md", NEW),
        copy_to("incoming.csv", NEW),
        copy_into("", "a.csv", NEW),
        copy_into("models/", "a.csv", NEW),
        copy_of_large("incoming.csv", NEW),
    ],
)
def test_elsewhere_nothing_is_copied(cloud: Pocket, requests_: list[Sent]) -> None:
    assert replayed(cloud, "uploader", requests_[:3])[2] == 403
    assert cloud.events == []


@pytest.mark.parametrize("account", ["caller", "urgency-train", "urgency-serve"])
def test_who_is_no_uploader_copies_nothing(cloud: Pocket, account: str) -> None:
    assert replayed(cloud, account, COPIES["under its name"])[-1] == 403
    assert cloud.events == []


# --- the real gcloud, where it is installed ---


@functools.cache
def no_gcloud() -> str:
    """Why the real one cannot run here; empty where it can."""
    program = shutil.which("gcloud")
    if program is None:
        return "gcloud is not installed"
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    return "" if "Google Cloud SDK" in said.stdout else f"{program} is not the Google Cloud SDK"


def gcloud(cloud: Pocket, account: str, *arguments: str) -> CommandResult:
    """`gcloud storage ...` as `account`; `{landing}` is the landing bucket's address."""
    if reason := no_gcloud():
        pytest.skip(reason)
    own = cloud.home / "gcloud-home"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(own),
        "CLOUDSDK_CONFIG": str(own),
        "CLOUDSDK_AUTH_ACCESS_TOKEN": cloud.token(account),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{cloud.url}/storage/v1/",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_PROJECT": cloud.wiring.project,
        "CLOUDSDK_STORAGE_MAX_RETRIES": "1",
    }
    landing = f"gs://{cloud.bucket('landing')}"
    command = ["gcloud", "storage", *(one.replace("{landing}", landing) for one in arguments)]
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=GCLOUD_S,
    )
    return CommandResult(ended.returncode, ended.stdout, ended.stderr)


def names(cloud: Pocket) -> list[str]:
    """What lies in the landing bucket."""
    landing = cloud.client("urgency-train").bucket(cloud.bucket("landing"))
    return [blob.name for blob in landing.list_blobs()]


def receipt(cloud: Pocket) -> None:
    landing = cloud.client("urgency-train").bucket(cloud.bucket("landing"))
    landing.blob("receipts/a.csv.1.md").upload_from_string(OLD)


def test_gcloud_drops_replaces_lists_and_deletes(cloud: Pocket) -> None:
    file, there = "data/bad.csv", "{landing}/incoming/2026/a.csv"
    for copied in ((file, there), (file, "{landing}/incoming/"), (file, there)):
        ended = gcloud(cloud, "uploader", "cp", *copied)
        assert ended.code == 0, ended.err
    assert names(cloud) == ["incoming/2026/a.csv", "incoming/bad.csv"]
    listed = gcloud(cloud, "uploader", "ls", "-r", "{landing}/incoming/")
    assert "incoming/2026/a.csv\n" in listed.out, listed.err
    assert gcloud(cloud, "uploader", "rm", there).code == 0
    assert names(cloud) == ["incoming/bad.csv"]


def test_gcloud_reads_a_receipt(cloud: Pocket) -> None:
    receipt(cloud)
    listed = gcloud(cloud, "uploader", "ls", "{landing}/receipts/")
    assert listed.out.endswith("/receipts/a.csv.1.md\n"), listed.err
    shown = gcloud(cloud, "uploader", "cat", "{landing}/receipts/a.csv.1.md")
    assert shown.out == OLD.decode(), shown.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("ls", "{landing}"),
        ("cp", "data/bad.csv", "{landing}/receipts/a.csv.1.md"),
        ("rm", "-r", "{landing}/receipts/"),
    ],
)
def test_gcloud_is_refused_elsewhere(cloud: Pocket, arguments: tuple[str, ...]) -> None:
    receipt(cloud)
    ended = gcloud(cloud, "uploader", *arguments)
    assert ended.code
    assert "does not have" in ended.err
    assert names(cloud) == ["receipts/a.csv.1.md"]


def test_the_landing_is_not_the_uploaders_to_list(cloud: Pocket) -> None:
    landing = cloud.client("uploader").bucket(cloud.bucket("landing"))
    assert list(landing.list_blobs(prefix="incoming/")) == []
    assert list(landing.list_blobs(prefix="receipts/")) == []
    for prefix in (None, "", "in", "receipt", "incoming.", "models/"):
        with pytest.raises(api.Forbidden):
            list(landing.list_blobs(prefix=prefix, retry=None))


def test_gcloud_asks_to_read_what_it_replaces_and_urgency_would_not_have_to(tmp_path: Path) -> None:
    """Why uploaders may read below incoming/ (docs/decisions/0003): red where gcloud stops it."""
    reading, writing = "roles/storage.objectUser", "roles/storage.legacyBucketWriter"
    grants = tuple(
        replace(grant, role=writing) if grant.role == reading and grant.condition else grant
        for grant in load_wiring().grants
    )
    with pocket(tmp_path / "pocket", grants=grants) as cloud:
        file = "data/bad.csv"
        for name in ("a.csv", ""):  # of a folder it looks at the name that ends with a slash
            refused = gcloud(cloud, "uploader", "cp", file, "{landing}/incoming/" + name)
            assert refused.code == 1
            assert "does not have storage.objects.get access to buckets/" in refused.err
        blob = cloud.client("uploader").bucket(cloud.bucket("landing")).blob("incoming/a.csv")
        for _ in range(2):
            blob.upload_from_string(NEW)
        assert names(cloud) == ["incoming/a.csv"]
