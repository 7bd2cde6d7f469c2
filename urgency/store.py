"""ObjectStore: the calls this system makes to a bucket, and their Cloud Storage adapter.

A token is an object's generation. It identifies a version, it does not order versions: Cloud
Storage does not promise that generations increase.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast

import google.auth
import requests
from google.api_core import exceptions as api
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from urgency.deadlines import mounted
from urgency.errors import Conflict, CorruptObject, Gone
from urgency.google_errors import translated
from urgency.object_streams import Bounded, Checked
from urgency.settings import Settings

ABSENT: Final = 0
"""What `put` expects of an object that must not exist yet: Cloud Storage's generation 0."""

_CHUNK_BYTES = 4 * 1024 * 1024


class Unchanged(Enum):
    """The answer to a `get` whose `unless` token is still the current one."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class Versioned(NamedTuple):
    """An object's bytes and the token of exactly these bytes."""

    token: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing shows it; `size` in bytes, `crc32c` in base64."""

    name: str
    generation: int
    size: int
    crc32c: str
    created: datetime


class ObjectStore(Protocol):
    """One bucket. Every call raises Unavailable or Forbidden where the cloud says so."""

    def get(self, name: str) -> Versioned | None:
        """Current bytes; None where there is no such object."""
        ...

    def get_if_changed(self, name: str, token: int) -> Versioned | Unchanged | None:
        """As `get`, but UNCHANGED, without the bytes, where the current token is `token`."""
        ...

    def open_at(self, name: str, generation: int, begin: int = 0) -> BinaryIO:
        """Stream one generation as it is stored, gzip too, whatever its Content-Encoding is.

        Raises Gone; at its end, CorruptObject where crc32c differs. It is a whole object's: what is
        read from a later byte, `begin`, on cannot be compared with it.
        """
        ...

    def put(self, name: str, body: bytes, expect: int) -> int:
        """Write if the current token is `expect` (or ABSENT); the new token. Raises Conflict.

        Never retried here: a retried conditional write may be refused because of its own success.
        """
        ...

    def list(self, prefix: str, after: str | None = None) -> Iterator[ListedObject]:
        """Live objects below `prefix` by name, those whose name is greater than `after`."""
        ...

    def generations(self, name: str) -> Iterator[ListedObject]:
        """Every generation of one object that the bucket still keeps, in no promised order."""
        ...

    def delete(self, name: str, generation: int) -> None:
        """Delete the object if its token is `generation`; `open_at` still finds it.

        Raises Conflict where another generation is live or none.
        """
        ...


class CloudBucket:
    """ObjectStore on a Cloud Storage bucket.

    timeout_s: bound on each request.   patience_s: how long a read is tried again; 0 on a path that
    must answer quickly, since the library's default blocks for over 20 s when storage is down.
    get_most: bytes of an object; `get` reads no more, and a larger one is a CorruptObject.
    """

    def __init__(
        self,
        client: storage.Client,
        name: str,
        *,
        timeout_s: float,
        patience_s: float = 0.0,
        get_most: int | None = None,
    ) -> None:
        self.name, self._get_most = name, get_most
        self._bucket = client.bucket(name)
        self._client = client
        retry = DEFAULT_RETRY.with_timeout(patience_s) if patience_s else None
        self._read: dict[str, Any] = {"retry": retry, "timeout": timeout_s}
        self._write: dict[str, Any] = {"retry": None, "timeout": timeout_s}

    def get(self, name: str) -> Versioned | None:
        """See ObjectStore."""
        return self._download(name)

    def get_if_changed(self, name: str, token: int) -> Versioned | Unchanged | None:
        """See ObjectStore."""
        try:
            stored = self._download(name, if_generation_not_match=token)
        except api.NotModified:
            return UNCHANGED
        # Some servers ignore the condition; the generation they answer with says the same.
        return UNCHANGED if stored and stored.token == token else stored

    def open_at(self, name: str, generation: int, begin: int = 0) -> BinaryIO:
        """See ObjectStore."""
        described = self._bucket.blob(name, generation=generation)
        with translated(f"read {name}"):
            try:
                described.reload(**self._read)
            except api.NotFound:
                where = f"{name} generation {generation}"
                raise Gone(f"{where} no longer exists in {self.name}.") from None
        # Not from `described`: a loaded Blob reads from its mediaLink, not from our endpoint.
        fresh = self._bucket.blob(name, generation=generation)
        checked = Checked(fresh, described, begin, self._read)
        return cast(BinaryIO, io.BufferedReader(checked, _CHUNK_BYTES))

    def put(self, name: str, body: bytes, expect: int) -> int:
        """See ObjectStore."""
        blob = self._bucket.blob(name)
        condition: dict[str, Any] = {"if_generation_match": expect, "checksum": "crc32c"}
        try:
            with translated(f"write {name}"):
                blob.upload_from_string(
                    body, "application/octet-stream", **condition, **self._write
                )
        except api.PreconditionFailed:
            where = f"{name} in {self.name}"
            raise Conflict(f"{where} is no longer at generation {expect}.") from None
        return int(blob.generation)

    def list(self, prefix: str, after: str | None = None) -> Iterator[ListedObject]:
        """See ObjectStore."""
        for listed in self._listed(prefix, start_offset=after):
            if listed.name != after:  # the API's start offset is inclusive
                yield listed

    def generations(self, name: str) -> Iterator[ListedObject]:
        """See ObjectStore."""
        return (listed for listed in self._listed(name, versions=True) if listed.name == name)

    def delete(self, name: str, generation: int) -> None:
        """See ObjectStore."""
        blob = self._bucket.blob(name)
        with translated(f"delete {name}"):
            try:  # on a condition: naming the generation itself would delete it for good
                blob.delete(if_generation_match=generation, **self._write)
            except (api.NotFound, api.PreconditionFailed):
                where = f"{name} in {self.name}"
                raise Conflict(f"{where} is no longer at generation {generation}.") from None

    def _download(self, name: str, **condition: int) -> Versioned | None:
        """Raises NotModified where `condition` says so."""
        blob = self._bucket.blob(name)  # fresh: a used one pins the generation that it saw
        body = Bounded(name, self._get_most)
        with translated(f"read {name}"):
            try:
                blob.download_to_file(body, raw_download=True, **condition, **self._read)
            except api.NotFound:
                return None
            except DataCorruption as error:
                raise CorruptObject(f"{name} arrived with another crc32c than stored.") from error
        return Versioned(int(blob.generation), body.getvalue())

    def _listed(self, prefix: str, **options: Any) -> Iterator[ListedObject]:
        with translated(f"list {prefix}"):
            for blob in self._client.list_blobs(
                self._bucket, prefix=prefix, **options, **self._read
            ):
                yield ListedObject(
                    blob.name, int(blob.generation), blob.size or 0, blob.crc32c, blob.time_created
                )


def storage_client(
    settings: Settings, token_wait_s: float | None = None, credentials: Any = None
) -> storage.Client:
    """A client for Google's endpoint, or for the private, regional or local one of `settings`.

    token_wait_s: where people wait, bounds each wait for a token, and every answer then ends.
    credentials: of google-auth; None: the application-default ones.
    Raises Forbidden where no credentials are found.
    """
    endpoint = settings.storage_endpoint
    with translated("reach Cloud Storage"):
        own = {"credentials": credentials}
        if token_wait_s is not None:
            own = _whose_answers_end(token_wait_s)
        return storage.Client(
            project=settings.project,
            client_options={"api_endpoint": endpoint} if endpoint else None,
            **own,
        )


def _whose_answers_end(token_wait_s: float) -> dict[str, Any]:
    """What makes a client's session one whose answers end, those of the token endpoint too."""
    credentials, _ = google.auth.default(scopes=storage.Client.SCOPE)
    tokens = Request(mounted(requests.Session()))
    session = AuthorizedSession(credentials, refresh_timeout=token_wait_s, auth_request=tokens)
    return {"credentials": credentials, "_http": mounted(session)}
