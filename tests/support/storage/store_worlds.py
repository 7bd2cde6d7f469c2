"""Where an ObjectStore can live: memory, the pocket cloud, fake-gcs-server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from infra.local.server import free_ports
from infra.local.wiring import Grant
from infra.local.wiring_file import load_wiring
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.storage.memory_store import MemoryStore
from tests.support.waiting import eventually
from urgency.store import CloudBucket, ObjectStore

TIMEOUT_S = 60.0
"""Generous: no test waits for it."""


@dataclass(frozen=True)
class World:
    """`store()` gives the same bucket through a client of its own.

    delete: as a user does; the generation is kept.   corrupt: flips a stored bit.
    upload_gzip: writes bytes of gzip with Content-Encoding gzip, as `gcloud storage cp -Z` does.
    """

    name: str
    store: Callable[[], ObjectStore]
    delete: Callable[[str], None]
    corrupt: Callable[[str], None]
    upload_gzip: Callable[[str, bytes], None]


@contextmanager
def memory(_folder: Path) -> Iterator[World]:
    store = MemoryStore()
    yield World("memory", lambda: store, store.delete, store.corrupt, store.overwrite)


@contextmanager
def pocket_cloud(folder: Path) -> Iterator[World]:
    with pocket(folder, grants=(_everything("control"),)) as cloud:
        name = cloud.bucket("control")
        yield World(
            "pocket",
            lambda: cloud_bucket(cloud.client("operator"), name),
            lambda deleted: cloud.client("operator").bucket(name).delete_blob(deleted),
            lambda _name: _flip(cloud),
            lambda new, body: _upload_gzip(cloud.client("operator").bucket(name), new, body),
        )


@contextmanager
def fake_gcs_server(_folder: Path) -> Iterator[World]:
    with fake_gcs() as port:
        bucket = _anonymous(port).bucket("contract-suite")
        bucket.versioning_enabled = True
        bucket.create(timeout=TIMEOUT_S)
        yield World(
            "fake-gcs-server",
            lambda: cloud_bucket(_anonymous(port), bucket.name),
            bucket.delete_blob,
            _cannot,
            lambda new, body: _upload_gzip(bucket, new, body),
        )


@contextmanager
def fake_gcs() -> Iterator[int]:
    """A fake-gcs-server that answers on the port returned."""
    binary = fake_gcs_binary()
    assert binary is not None
    (port,) = free_ports(1)
    options = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-log-level", "error"]
    address = ["-port", str(port), "-public-host", f"127.0.0.1:{port}"]
    with subprocess.Popen([binary, *options, *address]) as server:
        try:
            eventually(lambda: _answers(port), timeout_s=60)
            yield port
        finally:
            server.terminate()


def cloud_bucket(client: storage.Client, name: str, timeout_s: float = TIMEOUT_S) -> CloudBucket:
    """Never retried, so that a test sees the first answer."""
    return CloudBucket(client, name, timeout_s=timeout_s)


def fake_gcs_binary() -> str | None:
    """Where fake-gcs-server is, if it is: its variable, the path, Go's folder, our cache."""
    folders = [Path.home() / ".cache/ticket-urgency/bin"]
    if go := shutil.which("go"):
        asked = subprocess.run([go, "env", "GOPATH"], capture_output=True, text=True, check=True)
        folders.append(Path(asked.stdout.strip()) / "bin")
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
    return os.environ.get("FAKE_GCS_SERVER") or shutil.which("fake-gcs-server", path=path)


def _everything(bucket: str) -> Grant:
    wiring = load_wiring()
    name = next(known for known in wiring.buckets if known.endswith(bucket))
    return Grant(f"buckets/{name}", "roles/storage.objectAdmin", wiring.people["operator"])


def _flip(cloud: Pocket) -> None:
    (payload,) = (cloud.home / "storage" / "kept").iterdir()
    body = payload.read_bytes()
    payload.write_bytes(bytes([body[0] ^ 1]) + body[1:])


def _upload_gzip(bucket: storage.Bucket, name: str, body: bytes) -> None:
    blob = bucket.blob(name)
    blob.content_encoding = "gzip"
    blob.upload_from_string(body)


def _cannot(_name: str) -> None:
    raise NotImplementedError("its memory cannot be changed from outside")


def _anonymous(port: int) -> storage.Client:
    return storage.Client(
        project="contract-suite",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{port}"},
    )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
