"""A pocket cloud inside the test process, on a free port, served as in the local stack."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from google.cloud import storage
from google.oauth2.credentials import Credentials

from infra.local.pocket.access import Access
from infra.local.pocket.app import pocket_app
from infra.local.pocket.identity import Identity
from infra.local.pocket.keys import Keys
from infra.local.pocket.metadata import metadata_blueprint
from infra.local.pocket.objects import Objects
from infra.local.pocket.storage import storage_blueprint
from infra.local.server import Server, listen, url_of
from infra.local.wiring import Grant, Wiring
from infra.local.wiring_file import load_wiring

# The stack gives this to every process: without it each client asks for its bucket's metadata in a
# thread.
os.environ["DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"] = "true"


@dataclass(frozen=True)
class Pocket:
    """A running pocket cloud; `events` are the notifications that storage sent so far."""

    address: str
    home: Path
    wiring: Wiring
    identity: Identity
    access: Access
    events: list[tuple[str, dict[str, object]]]

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def token(self, account: str) -> str:
        """An access token of `account`, such as 'urgency-train' or 'operator'."""
        return self.identity.access_token(self.identity.email(account))

    def client(self, account: str) -> storage.Client:
        """A Cloud Storage client that is `account`."""
        return storage.Client(
            project=self.wiring.project,
            credentials=Credentials(self.token(account)),
            client_options={"api_endpoint": self.url},
        )

    def bucket(self, name: str) -> str:
        """Full name of a bucket: 'landing', 'registry' or 'control'."""
        return next(bucket for bucket in self.wiring.buckets if bucket.endswith(name))


@contextmanager
def pocket(home: Path, *, grants: tuple[Grant, ...] | None = None) -> Iterator[Pocket]:
    """Storage and identity of a pocket cloud over `home`, with these grants or the wiring's."""
    wiring = load_wiring() if grants is None else replace(load_wiring(), grants=grants)
    put_keys(home / "identity")
    identity = Identity(home, wiring)
    access = Access(wiring, identity)
    objects = Objects(home, wiring.buckets)
    events: list[tuple[str, dict[str, object]]] = []
    app = pocket_app(
        metadata_blueprint(identity),
        storage_blueprint(objects, access, lambda kind, resource: events.append((kind, resource))),
    )
    with served(app) as address:
        yield Pocket(address, home, wiring, identity, access, events)
    objects.close()


def put_keys(folder: Path) -> None:
    """Keys that all pockets of this process share: an RSA key takes longer than most tests."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _key_files().items():
        (folder / name).write_bytes(content)


@functools.cache
def _key_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        Keys.kept_in(Path(folder))
        return {file.name: file.read_bytes() for file in Path(folder).iterdir()}


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """`app` on a free port of the loopback; gives host:port, and is gone when the block ends."""
    listening = listen()
    server = Server(app, listening)
    try:
        yield url_of(listening).removeprefix("http://")
    finally:
        server.stop()
